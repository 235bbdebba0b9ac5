import Measures
import Neural
import Tensors
import Testing

@Suite struct `A factor of a segment's step size` {
  private let small = SmallNetwork.all[7]
  private let trainer: Trainer

  init() throws { trainer = try Trainer(network: try small.network(), batch: 5) }

  /// The parameters after six steps.
  private func train(
    _ optimizer: TrainingSettings.Optimizer, rate: Float = 0.02, factors: [Float],
    trainable: Set<Int>? = nil
  ) throws -> [ParameterVector] {
    var settings = TrainingSettings(learningRate: Double(rate))
    settings.optimizer = optimizer
    settings.clipNorm = nil
    settings.rateFactors = factors
    var parameters = try small.parameters(key: 4)
    let (inputs, labels) = small.samples(13, key: 4)
    var source = ArraySource(inputs: inputs, labels: labels, epochs: 2)
    _ = try trainer.train(
      &parameters, trainable: trainable, source: &source, settings: settings,
      random: RandomStream(seed: 1))
    return parameters
  }

  @Test(arguments: TrainingSettings.Optimizer.allCases)
  func `of 1 changes nothing, and of 0 leaves the segment as it is`(
    optimizer: TrainingSettings.Optimizer
  ) throws {
    let plain = try train(optimizer, factors: [])
    #expect(try train(optimizer, factors: [1, 1, 1]) == plain)
    let before = try small.parameters(key: 4)
    for segment in 0..<3 {
      var factors: [Float] = [1, 1, 1]
      factors[segment] = 0
      let after = try train(optimizer, factors: factors)
      #expect(after[segment] == before[segment])
      #expect((0..<3).filter { after[$0] != before[$0] }.count == 2)
    }
  }

  @Test(arguments: TrainingSettings.Optimizer.allCases, 0..<3)
  func `is a step size of its own`(
    optimizer: TrainingSettings.Optimizer, segment: Int
  ) throws {
    // Where no other segment moves, all steps are those of the multiplied rate.
    var factors: [Float] = [0, 0, 0]
    factors[segment] = 0.3
    let moved = try train(optimizer, factors: factors)
    let expected = try train(
      optimizer, rate: 0.02 * 0.3, factors: [], trainable: [segment])
    #expect(moved[segment] == expected[segment])
    let plain = try train(optimizer, factors: [], trainable: [segment])
    #expect(plain[segment] != expected[segment])
  }

  @Test func `multiplies the first step of descent`() throws {
    let before = try small.parameters(key: 4)
    let (inputs, labels) = small.samples(5, key: 4)
    func step(_ factors: [Float]) throws -> [[Float]] {
      var settings = TrainingSettings(learningRate: 0.1)
      settings.rateFactors = factors
      var (after, source) = (before, ArraySource(inputs: inputs, labels: labels))
      _ = try trainer.train(
        &after, source: &source, settings: settings, random: RandomStream(seed: 1))
      return zip(after, before).map { zip($0.scalars, $1.scalars).map(-) }
    }
    let (plain, scaled) = (try step([]), try step([2, 0.5, 0.125]))
    for (segment, factor) in [Float(2), 0.5, 0.125].enumerated() {
      for (own, one) in zip(scaled[segment], plain[segment]) {
        #expect(abs(own - factor * one) < 1e-6)
      }
    }
  }

  @Test func `is wanted for each segment`() async {
    await #expect(processExitsWith: .failure) {
      let small = SmallNetwork.all[7]
      let trainer = try Trainer(network: try small.network(), batch: 5)
      var settings = TrainingSettings(learningRate: 0.1)
      settings.rateFactors = [1, 1]
      var parameters = try small.parameters(key: 4)
      var source = ArraySource(inputs: [], labels: [])
      _ = try trainer.train(
        &parameters, source: &source, settings: settings, random: RandomStream(seed: 1))
    }
  }
}
