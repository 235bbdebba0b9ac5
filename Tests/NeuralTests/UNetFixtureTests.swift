import Foundation
import Measures
import Models
import Neural
import Tensors
import TestSupport
import Testing

/// The values that Fixtures/generate_unets.py wrote.
struct UNetFixture: Decodable, CustomTestStringConvertible {
  let order: String
  let width: Int
  let levels: Int
  let stages: Int
  let stage: Int
  let loss: String
  let names: [String]
  let losses: [Double]
  let logits: Fixtures.Summary
  let gradients: [Fixtures.Summary]
  let parameters: [Fixtures.Summary]

  var testDescription: String { "\(order) \(stage)/\(stages), \(levels) levels by \(loss)" }

  static var all: [UNetFixture] {
    get throws {
      struct File: Decodable { let cases: [UNetFixture] }
      let url = try #require(
        Bundle.module.url(forResource: "unets", withExtension: "json", subdirectory: "Fixtures"))
      return try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).cases
    }
  }

  func network() throws -> Network {
    var options = ModelOptions()
    (options.width, options.levels, options.stages) = (width, levels, stages)
    options.order = Nesting(rawValue: order)
    options.loss = PixelLoss(rawValue: loss)
    return try Zoo.architecture(named: "unet", input: [2, 16, 8], classes: 3, options: options)
      .network(stage: stage)
  }
}

@Suite(.longRunning) struct `A U-Net agrees with PyTorch` {
  @Test(arguments: try UNetFixture.all)
  func `in its tensors' names, its logits, its loss and its gradients`(
    fixture: UNetFixture
  ) throws {
    let network = try fixture.network()
    let names = network.layouts.flatMap { layout in
      layout.parameters.map { "\(layout.name).\($0.name)" }
    }
    #expect(names == fixture.names)
    let trainer = try Trainer(network: network, batch: 3)
    let parameters = filled(network)
    var source = BatchesSource(batches: [batch(0, of: 3)])
    let logits = try trainer.predictions(parameters, source: &source)
    expect([logits], near: [fixture.logits])
    source = BatchesSource(batches: [batch(0, of: 3)])
    let (gradient, loss) = try trainer.gradient(parameters, source: &source)
    #expect(abs(loss - fixture.losses[0]) < 1e-4 * fixture.losses[0])
    expect(tensors(gradient), near: fixture.gradients)
  }

  @Test(arguments: try UNetFixture.all)
  func `after ten steps of SGD`(fixture: UNetFixture) throws {
    let network = try fixture.network()
    let trainer = try Trainer(network: network, batch: 3)
    var parameters = filled(network)
    let counts = fixture.losses.indices.map { $0 == fixture.losses.count - 1 ? 2 : 3 }
    var source = BatchesSource(batches: counts.enumerated().map { batch($0, of: $1) })
    let outcome = try trainer.train(
      &parameters, source: &source, settings: TrainingSettings(learningRate: 0.1),
      random: RandomStream(seed: 0))
    #expect(outcome.steps == counts.count)
    let losses = zip(counts, fixture.losses).reduce(0) { $0 + Double($1.0) * $1.1 }
    #expect(abs(outcome.lossSum - losses) < 1e-4 * losses)
    expect(tensors(parameters), near: fixture.parameters)
  }

  private func filled(_ network: Network) -> [ParameterVector] {
    var key: UInt64 = 1
    return network.layouts.map { ParameterVector(filling: $0, key: &key) }
  }

  private func batch(_ step: Int, of count: Int) -> (inputs: [Float], labels: [Int32]) {
    (
      fill(key: 1000 + UInt64(step), count: count * 2 * 16 * 8, bound: 1.7),
      (0..<count * 16 * 8).map { Int32((3 * $0 + $0 / 7 + step) % 3) }
    )
  }

  private func tensors(_ vectors: [ParameterVector]) -> [[Float]] {
    vectors.flatMap { vector in
      vector.layout.parameters.indices.map { vector.tensor($0).scalars }
    }
  }

  /// Norms to 1e-4, and each scalar to 1e-4 of its size or of the typical size, whichever is
  /// larger.
  private func expect(_ tensors: [[Float]], near summaries: [Fixtures.Summary]) {
    #expect(tensors.count == summaries.count)
    for (tensor, summary) in zip(tensors, summaries) {
      let norm = tensor.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(norm - summary.norm) <= 1e-4 * summary.norm)
      let typical = summary.norm / Double(tensor.count).squareRoot()
      let samples = stride(from: 0, to: tensor.count, by: summary.stride).map { tensor[$0] }
      #expect(samples.count == summary.samples.count)
      for (sample, expected) in zip(samples, summary.samples) {
        let limit = 1e-4 * max(Double(abs(expected)), typical)
        #expect(abs(Double(sample) - Double(expected)) <= limit)
      }
    }
  }
}
