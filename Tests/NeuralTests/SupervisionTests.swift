import Foundation
import Measures
import Models
import Neural
import Tensors
import TestSupport
import Testing

@Suite(.longRunning) struct `Supervision by all heads` {
  @Test(arguments: SupervisedNetwork.all, [11, 12] as [UInt64])
  func `has the gradient of the mean of their losses, by differences in 64 bits`(
    supervised: SupervisedNetwork, seed: UInt64
  ) throws {
    let trainer = try Trainer(network: try supervised.network(), batch: supervised.batch)
    let parameters = try supervised.parameters(key: seed * 100)
    let (inputs, labels) = supervised.small(1).samples(supervised.batch, key: seed)
    var source = ArraySource(inputs: inputs, labels: labels)
    let (gradient, loss) = try trainer.gradient(parameters, source: &source)

    let pixels = inputs.map(Double.init)
    var scalars = parameters.map { $0.scalars.map(Double.init) }
    let expected = try supervised.referenceLoss(scalars, inputs: pixels, labels: labels)
    #expect(abs(loss - expected) < 1e-5 * max(1, expected))
    let all = gradient.flatMap(\.scalars)
    let typical = (all.reduce(0) { $0 + $1 * $1 } / Float(all.count)).squareRoot()
    for segment in scalars.indices {
      let count = scalars[segment].count
      for index in stride(from: 0, to: count, by: max(1, count / 15)) {
        let original = scalars[segment][index]
        scalars[segment][index] = original + 1e-6
        let above = try supervised.referenceLoss(scalars, inputs: pixels, labels: labels)
        scalars[segment][index] = original - 1e-6
        let below = try supervised.referenceLoss(scalars, inputs: pixels, labels: labels)
        scalars[segment][index] = original
        let slope = (above - below) / 2e-6
        #expect(
          abs(Double(gradient[segment].scalars[index]) - slope)
            < 1e-4 * max(abs(slope), Double(typical)) + 1e-8, "segment \(segment), \(index)")
      }
    }
  }

  @Test(arguments: SupervisedNetwork.all)
  func `is evaluated by the last one alone, bit for bit`(supervised: SupervisedNetwork) throws {
    let count = supervised.blocks.count
    let parameters = try supervised.parameters(key: 3)
    let (inputs, labels) = supervised.small(1).samples(7, key: 5)
    let trainers = try [supervised.network(), supervised.small(count).network()].map {
      try Trainer(network: $0, batch: 4)
    }
    let segments = [parameters, parameters.prefix(count) + parameters.suffix(1)]
    var results: [(evaluation: Evaluation, logits: [Float])] = []
    for (trainer, segments) in zip(trainers, segments) {
      var source = ArraySource(inputs: inputs, labels: labels)
      let evaluation = try trainer.evaluate(segments, source: &source)
      source = ArraySource(inputs: inputs, labels: labels)
      results.append((evaluation, try trainer.predictions(segments, source: &source)))
    }
    #expect(results[0].evaluation == results[1].evaluation)
    #expect(results[0].logits == results[1].logits)
  }

  @Test func `of one head is what the head does alone, bit for bit`() throws {
    let supervised = try #require(SupervisedNetwork.all.last)
    let (inputs, labels) = supervised.small(1).samples(10, key: 5)
    var results: [([ParameterVector], TrainingOutcome)] = []
    for network in try [supervised.network(), supervised.small(1).network()] {
      let trainer = try Trainer(network: network, batch: 4)
      var parameters = try supervised.parameters(key: 3)
      var source = ArraySource(inputs: inputs, labels: labels, epochs: 3)
      let outcome = try trainer.train(
        &parameters, source: &source, settings: TrainingSettings(learningRate: 0.1),
        random: RandomStream(seed: 1))
      results.append((parameters, outcome))
    }
    #expect(results[0] == results[1])
  }

  @Test func `trains the segments that it is told to, and counts the last head's answers`() throws {
    let supervised = SupervisedNetwork.all[1]
    let before = try supervised.parameters(key: 1)
    let (inputs, labels) = supervised.small(1).samples(6, key: 1)
    let trainer = try Trainer(network: try supervised.network(), batch: 6)
    for trainable in [[4], [3, 7], [0, 5], Set(0..<8)] as [Set<Int>] {
      var (after, source) = (before, ArraySource(inputs: inputs, labels: labels))
      let outcome = try trainer.train(
        &after, trainable: trainable, source: &source,
        settings: TrainingSettings(learningRate: 0.1), random: RandomStream(seed: 1))
      for segment in before.indices {
        #expect((after[segment] == before[segment]) == !trainable.contains(segment))
      }
      source = ArraySource(inputs: inputs, labels: labels)
      #expect(try trainer.evaluate(before, source: &source).correct == outcome.correct)
      let loss = try supervised.referenceLoss(
        before.map { $0.scalars.map(Double.init) }, inputs: inputs.map(Double.init),
        labels: labels)
      #expect(abs(outcome.meanLoss - loss) < 1e-5 * loss)
    }
  }

  @Test(arguments: try SupervisionFixture.all)
  func `agrees with PyTorch in logits, losses and gradients, and after five steps`(
    fixture: SupervisionFixture
  ) throws {
    let network = try fixture.network()
    let trainer = try Trainer(network: network, batch: 5)
    var key: UInt64 = 1
    var parameters = network.layouts.map { ParameterVector(filling: $0, key: &key) }
    var source = BatchesSource(batches: [fixture.batch(0)])
    let evaluation = try trainer.evaluate(parameters, source: &source)
    #expect(abs(try #require(evaluation.meanLoss) - fixture.lastLoss) < 1e-4 * fixture.lastLoss)
    source = BatchesSource(batches: [fixture.batch(0)])
    let logits = try trainer.predictions(parameters, source: &source)
    #expect(logits.count == fixture.logits.count)
    for (logit, expected) in zip(logits, fixture.logits) { #expect(abs(logit - expected) < 1e-4) }

    source = BatchesSource(batches: [fixture.batch(0)])
    let (gradient, loss) = try trainer.gradient(parameters, source: &source)
    #expect(abs(loss - fixture.losses[0]) < 1e-4 * fixture.losses[0])
    let trained = Set(fixture.trained)
    fixture.compare(fixture.trained.map { gradient[$0] }, with: fixture.gradients)

    source = BatchesSource(batches: (0..<5).map(fixture.batch))
    let outcome = try trainer.train(
      &parameters, trainable: trained, source: &source,
      settings: TrainingSettings(learningRate: Double(fixture.rate)), random: RandomStream(seed: 0))
    #expect(outcome.steps == 5)
    let sum = zip([5, 5, 5, 3, 5], fixture.losses).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(outcome.lossSum - sum) < 1e-4 * sum)
    fixture.compare(parameters, with: fixture.parameters)
  }
}

/// The values that Fixtures/generate_supervision.py wrote.
struct SupervisionFixture: Decodable, CustomTestStringConvertible {
  let model: String
  let stage: Int
  let input: [Int]
  let width: Int?
  let rate: Float
  let trained: [Int]
  let losses: [Double]
  let lastLoss: Double
  let logits: [Float]
  let gradients: [Fixtures.Summary]
  let parameters: [Fixtures.Summary]

  var testDescription: String { "\(model) stage \(stage), \(trained.count) segments" }

  static var all: [SupervisionFixture] {
    get throws {
      struct File: Decodable { let cases: [SupervisionFixture] }
      let url = try #require(
        Bundle.module.url(
          forResource: "supervision", withExtension: "json", subdirectory: "Fixtures"))
      return try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).cases
    }
  }

  func network() throws -> Network {
    var options = ModelOptions()
    options.width = width
    return try Zoo.architecture(named: model, input: Shape(input), classes: 10, options: options)
      .network(stage: stage, supervision: .all)
  }

  func batch(_ step: Int) -> (inputs: [Float], labels: [Int32]) {
    let count = step % 4 == 3 ? 3 : 5
    return (
      fill(key: 1000 + UInt64(step), count: count * input.reduce(1, *), bound: 1.7),
      (0..<count).map { Int32((3 * $0 + step) % 10) }
    )
  }

  /// Norms to 1e-4, and each scalar to 1e-4 of its size or of the typical size, whichever is
  /// larger.
  func compare(_ vectors: [ParameterVector], with summaries: [Fixtures.Summary]) {
    let tensors = vectors.flatMap { vector in
      vector.layout.parameters.indices.map { vector.tensor($0).scalars }
    }
    #expect(tensors.count == summaries.count)
    for (tensor, summary) in zip(tensors, summaries) {
      let norm = tensor.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(norm - summary.norm) <= 1e-4 * summary.norm)
      let typical = summary.norm / Double(tensor.count).squareRoot()
      let samples = stride(from: 0, to: tensor.count, by: summary.stride).map { tensor[$0] }
      for (sample, expected) in zip(samples, summary.samples) {
        let limit = 1e-4 * max(Double(abs(expected)), typical)
        #expect(abs(Double(sample) - Double(expected)) <= limit)
      }
    }
  }
}
