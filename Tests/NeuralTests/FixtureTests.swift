import Foundation
import Measures
import Models
import Neural
import Tensors
import Testing

/// What Fixtures/generate.py wrote.
struct Fixtures: Decodable {
  struct Summary: Decodable {
    let sum: Double
    let norm: Double
    let stride: Int
    let samples: [Float]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    let model: String
    let stage: Int
    let warmUp: Bool
    let nesterov: Bool
    let losses: [Double]
    let logits: [Float]
    let gradients: [Summary]
    let parameters: [Summary]

    var testDescription: String { "\(model) stage \(stage)\(warmUp ? " warm-up" : "")" }
  }

  let cases: [Case]

  static var all: [Case] {
    get throws {
      let url = try #require(
        Bundle.module.url(forResource: "convnets", withExtension: "json", subdirectory: "Fixtures"))
      return try JSONDecoder().decode(Fixtures.self, from: Data(contentsOf: url)).cases
    }
  }
}

@Suite struct `A ConvNet agrees with PyTorch` {
  @Test(arguments: try Fixtures.all)
  func `in its logits, its loss and its gradients`(fixture: Fixtures.Case) throws {
    let network = try network(fixture)
    let trainer = try Trainer(network: network, batch: 5)
    let parameters = filled(network)
    let batch = batches(network)[0]
    var source = BatchesSource(batches: [batch])
    let logits = try trainer.predictions(parameters, source: &source)
    expect(logits, near: fixture.logits, scale: 1)

    source = BatchesSource(batches: [batch])
    let (gradient, loss) = try trainer.gradient(parameters, source: &source)
    #expect(abs(loss - fixture.losses[0]) < 1e-4 * fixture.losses[0])
    let trained = fixture.warmUp ? Array(gradient.suffix(2)) : gradient
    compare(trained, with: fixture.gradients)
  }

  @Test(arguments: try Fixtures.all)
  func `after three steps of SGD`(fixture: Fixtures.Case) throws {
    let network = try network(fixture)
    let trainer = try Trainer(network: network, batch: 5)
    var parameters = filled(network)
    let before = parameters
    var source = BatchesSource(batches: batches(network))
    var settings = TrainingSettings(learningRate: 0.1)
    settings.nesterov = fixture.nesterov
    settings.drops = false
    let segments = network.layouts.indices
    let trainable = fixture.warmUp ? Set(segments.suffix(2)) : Set(segments)
    let outcome = try trainer.train(
      &parameters, trainable: trainable, source: &source, settings: settings,
      random: RandomStream(seed: 0))
    #expect(outcome.steps == 3)
    #expect(outcome.samples == 13)
    let losses = zip([5.0, 5, 3], fixture.losses).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(outcome.lossSum - losses) < 1e-4 * losses)
    compare(parameters, with: fixture.parameters)
    for segment in segments where !trainable.contains(segment) {
      #expect(parameters[segment] == before[segment])
    }
  }

  private func network(_ fixture: Fixtures.Case) throws -> Network {
    try Zoo.architecture(named: fixture.model).network(stage: fixture.stage)
  }

  private func filled(_ network: Network) -> [ParameterVector] {
    var key: UInt64 = 1
    return network.layouts.map { ParameterVector(filling: $0, key: &key) }
  }

  private func batches(_ network: Network) -> [(inputs: [Float], labels: [Int32])] {
    [5, 5, 3].enumerated().map { step, count in
      (
        fill(key: 1000 + UInt64(step), count: count * network.input.count, bound: 1.7),
        (0..<count).map { Int32((3 * $0 + step) % 10) }
      )
    }
  }

  private func compare(_ vectors: [ParameterVector], with summaries: [Fixtures.Summary]) {
    let tensors = vectors.flatMap { vector in
      vector.layout.parameters.indices.map { vector.tensor($0).scalars }
    }
    #expect(tensors.count == summaries.count)
    for (tensor, summary) in zip(tensors, summaries) {
      let norm = tensor.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let sum = tensor.reduce(0) { $0 + Double($1) }
      #expect(abs(norm - summary.norm) <= 1e-4 * summary.norm)
      // Of a sum of n terms of both signs only the share that doesn't cancel is known.
      #expect(abs(sum - summary.sum) <= 1e-4 * summary.norm * Double(tensor.count).squareRoot())
      let samples = stride(from: 0, to: tensor.count, by: summary.stride).map { tensor[$0] }
      let scale = summary.norm / Double(tensor.count).squareRoot()
      expect(samples, near: summary.samples, scale: scale)
    }
  }

  /// Each to 1e-4 of its size or of the typical size, whichever is larger.
  private func expect(_ values: [Float], near expected: [Float], scale: Double) {
    #expect(values.count == expected.count)
    for (value, expected) in zip(values, expected) {
      let limit = 1e-4 * max(Double(abs(expected)), scale)
      #expect(abs(Double(value) - Double(expected)) <= limit)
    }
  }
}
