import Federation
import Measures
import Tensors
import Testing

struct EffectiveMovementTests {
  private func step(_ scalars: [Float], name: String = "block1") -> ParameterVector {
    ParameterVector(
      layout: ParameterLayout(
        name: name,
        parameters: [Parameter("weight", Shape([scalars.count]), role: .weight)]),
      scalars: scalars)
  }

  @Test func `steps in one direction are effective, and steps in circles aren't`() {
    var straight = EffectiveMovement(window: 3)
    #expect(straight.note(step([1, -2])) == nil)
    #expect(straight.note(step([1, -2])) == nil)
    #expect(straight.note(step([2, -1])) == 1)
    var circle = EffectiveMovement(window: 2)
    #expect(circle.note(step([1, -2])) == nil)
    #expect(circle.note(step([-1, 2])) == 0)
  }

  @Test func `the parameters' ways are added before they are compared`() {
    var movement = EffectiveMovement(window: 2)
    _ = movement.note(step([3, 1]))
    // |3 − 1| + |1 + 1| of (3 + 1) + (1 + 1).
    #expect(movement.note(step([-1, 1])) == 4.0 / 6.0)
  }

  @Test func `each window begins anew, and so does another segment`() {
    var movement = EffectiveMovement(window: 2)
    _ = movement.note(step([1]))
    #expect(movement.note(step([1])) == 1)
    _ = movement.note(step([1]))
    #expect(movement.note(step([-1], name: "block2")) == nil)
    #expect(movement.note(step([1], name: "block2")) == 0)
    #expect(movement == EffectiveMovement(window: 2))
  }

  @Test func `a segment that doesn't move at all has come to rest`() {
    var movement = EffectiveMovement(window: 1)
    #expect(movement.note(step([0, 0])) == 0)
  }

  @Test func `buffers don't count`() {
    let layout = ParameterLayout(
      name: "block1",
      parameters: [
        Parameter("weight", Shape([1]), role: .weight),
        Parameter("running_mean", Shape([2]), role: .buffer),
        Parameter("bias", Shape([1]), role: .bias),
      ])
    var movement = EffectiveMovement(window: 2)
    _ = movement.note(ParameterVector(layout: layout, scalars: [1, 50, -70, 2]))
    let moved = movement.note(ParameterVector(layout: layout, scalars: [-1, 50, -70, 1]))
    #expect(moved == 3.0 / 5.0)
  }

  @Test func `updates without a direction come to one over the root of the window`() throws {
    var movement = EffectiveMovement(window: 5)
    var moved: Double?
    for round in 1...5 {
      var stream = RandomStream(seed: 7).stream("noise", round)
      moved = movement.note(step((0..<20_000).map { _ in Float(stream.normal()) }))
    }
    #expect(abs(try #require(moved) - 1 / 5.0.squareRoot()) < 0.01)
  }

  @Test func `it goes on as it was kept`() {
    var whole = EffectiveMovement(window: 3)
    _ = whole.note(step([1, 2]))
    _ = whole.note(step([1, -1]))
    guard let path = whole.path else {
      Issue.record("no path")
      return
    }
    var kept = EffectiveMovement(
      window: 3, path: path, distances: whole.distances, steps: whole.steps)
    #expect(kept.note(step([0.5, 0.25])) == whole.note(step([0.5, 0.25])))
  }
}
