import Federation
import Foundation
import Tensors
import Testing

/// The server's steps, against sequences worked out with doubles from the formulas of Reddi et al.
@Suite struct ServerOptimizerTests {
  private let layout = ParameterLayout(
    name: "block1",
    parameters: [
      Parameter("conv1.weight", Shape([2]), role: .weight),
      Parameter("bn1.running_mean", Shape([1]), role: .buffer),
    ])
  private let updates: [[Float]] = [[0.1, -0.2, 3], [0.05, 0.4, -1], [-0.3, 0.01, 2]]

  private func steps(of rule: ServerRule) -> [[Float]] {
    var optimizer = ServerOptimizer(rule)
    return updates.map { optimizer.step(ParameterVector(layout: layout, scalars: $0)).scalars }
  }

  @Test func `plain averaging adds the mean update and remembers nothing`() {
    var optimizer = ServerOptimizer(.plain)
    let update = ParameterVector(layout: layout, scalars: updates[0])
    #expect(optimizer.step(update) == update)
    #expect(optimizer.memory.isEmpty)
  }

  @Test func `momentum sums the directions with their decay`() {
    // m: .1, .09 + .05 = .14, .126 − .3 = −.174; times η = .5.
    let steps = steps(of: .average(rate: 0.5, momentum: 0.9))
    for (step, expected) in zip(steps.map { $0[0] }, [0.05, 0.07, -0.087] as [Float]) {
      #expect(abs(step - expected) < 1e-7)
    }
  }

  @Test(arguments: AdaptiveRule.Kind.allCases)
  func `an adaptive step follows its formula`(kind: AdaptiveRule.Kind) {
    let rule = AdaptiveRule(kind, rate: 0.1, momentum: 0.8, beta2: 0.95, epsilon: 0.01)
    let steps = steps(of: .adaptive(rule))
    for scalar in 0..<2 {
      var (direction, square) = (0.0, 0.01 * 0.01)
      for round in updates.indices {
        let change = Double(updates[round][scalar])
        direction = 0.8 * direction + 0.2 * change
        switch kind {
        case .adagrad: square += change * change
        case .adam: square = 0.95 * square + 0.05 * change * change
        case .yogi:
          let sign = square > change * change ? 1.0 : -1.0
          square -= 0.05 * change * change * sign
        }
        let expected = 0.1 * direction / (square.squareRoot() + 0.01)
        #expect(abs(Double(steps[round][scalar]) - expected) < 1e-5 * max(1, abs(expected)))
      }
    }
  }

  @Test(arguments: [
    ServerRule.average(rate: 0.5, momentum: 0.9), .adaptive(AdaptiveRule(.adam)),
  ])
  func `running statistics are averaged, not stepped`(rule: ServerRule) {
    #expect(steps(of: rule).map { $0[2] } == updates.map { $0[2] })
  }

  @Test func `memory grows with the model, outlives a checkpoint, and ends with the stage`() {
    let rule = ServerRule.adaptive(AdaptiveRule(.yogi))
    var optimizer = ServerOptimizer(rule)
    optimizer.enter(stage: 1)
    let first = ParameterVector(layout: layout, scalars: updates[0])
    let fresh = optimizer.step(first)
    var resumed = ServerOptimizer(rule, stage: 1, memory: optimizer.memory)
    optimizer.enter(stage: 1)
    let second = ParameterVector(layout: layout, scalars: updates[1])
    #expect(optimizer.step(second) == resumed.step(second))

    let block = ParameterLayout(name: "block2", parameters: layout.parameters)
    let born = optimizer.step(ParameterVector(layout: block, scalars: updates[0]))
    #expect(born.scalars == fresh.scalars)
    #expect(Set(optimizer.memory.keys) == ["block1", "block2"])

    optimizer.enter(stage: 2)
    #expect(optimizer.memory.isEmpty)
    #expect(optimizer.step(first) == fresh)
  }
}
