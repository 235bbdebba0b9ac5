import Foundation
import Measures
import Neural
import Synchronization
import Tensors
import Testing

@Suite struct `A trainer` {
  /// A network with both kinds of dropout: on a blocked tensor and on a flat one.
  static let dropping = SmallNetwork(
    name: "dropping", input: [1, 10, 10], classes: 4,
    blocks: [
      Block("a", [.convolution(ConvolutionLayer("c", outputs: 8, window: 3)), .relu]),
      Block(
        "b",
        [
          .convolution(ConvolutionLayer("d", outputs: 11, window: 3)), .relu,
          .maxPooling(PoolingLayer(window: 2)), .dropout(rate: 0.25),
        ]),
      Block("c", [.flatten, .linear(LinearLayer("f", outputs: 13)), .relu, .dropout(rate: 0.5)]),
      Block("h", [.linear(LinearLayer("g", outputs: 4))]),
    ])

  private func train(
    _ small: SmallNetwork, batch: Int, seed: UInt64, epochs: Int = 2,
    settings: TrainingSettings = TrainingSettings(learningRate: 0.1),
    before: (Trainer) throws -> Void = { _ in }
  ) throws -> [ParameterVector] {
    let trainer = try Trainer(network: try small.network(), batch: batch)
    try before(trainer)
    var parameters = try small.parameters(key: seed)
    let (inputs, labels) = small.samples(17, key: seed)
    var source = ArraySource(inputs: inputs, labels: labels, epochs: epochs)
    _ = try trainer.train(
      &parameters, source: &source, settings: settings, random: RandomStream(seed: seed))
    return parameters
  }

  @Test(
    arguments: [
      dropping, SmallNetwork.residual[3], SmallNetwork.normalized[2], SmallNetwork.tiled[0],
    ],
    [1, 2, 3] as [UInt64])
  func `makes the same bits on every thread, whatever it did before`(
    small: SmallNetwork, seed: UInt64
  ) throws {
    let expected = try train(small, batch: 5, seed: seed)
    let results = Mutex<[[ParameterVector]]>([])
    DispatchQueue.concurrentPerform(iterations: 6) { index in
      let result = try? train(small, batch: 5, seed: seed) { trainer in
        guard index % 2 == 1 else { return }
        var other = try small.parameters(key: 77)
        let (inputs, labels) = small.samples(9, key: 4)
        var source = ArraySource(inputs: inputs, labels: labels)
        _ = try trainer.evaluate(other, source: &source, batch: 7)
        source = ArraySource(inputs: inputs, labels: labels)
        _ = try trainer.train(
          &other, trainable: [other.count - 1], source: &source,
          settings: TrainingSettings(learningRate: 1), random: RandomStream(seed: 9))
      }
      results.withLock { $0.append(result ?? []) }
    }
    for result in results.withLock({ $0 }) { #expect(result == expected) }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `drops what the stream's bits say, in row-major order`(seed: UInt64) throws {
    let small = Self.dropping
    let parameters = try small.parameters(key: seed)
    let (inputs, labels) = small.samples(6, key: seed)
    let random = RandomStream(seed: seed)
    var settings = TrainingSettings(learningRate: 0)
    settings.weightDecay = 0
    let trainer = try Trainer(network: try small.network(), batch: 4)
    var (trained, source) = (parameters, ArraySource(inputs: inputs, labels: labels))
    let outcome = try trainer.train(
      &trained, source: &source, settings: settings, random: random)
    #expect(trained == parameters)

    var reference = ReferenceNetwork(small.blocks, input: small.input)
    reference.keeps = { ordinal, sample, scalar, count in
      let index = sample * ((count + 3) / 4) + scalar / 4
      let bits =
        random.stream("dropout", ordinal).value(at: UInt64(index)) >> (16 * UInt64(scalar % 4))
      return bits & 0xFFFF >= (ordinal == 0 ? 16384 : 32768)
    }
    let expected = reference.loss(
      parameters.flatMap(\.scalars).map(Double.init), inputs: inputs.map(Double.init),
      labels: labels)
    #expect(abs(outcome.meanLoss - expected) < 1e-5 * expected)
  }

  @Test func `leaves frozen segments as they are and trains the others`() throws {
    let trainer = try Trainer(network: try Self.dropping.network(), batch: 4)
    let before = try Self.dropping.parameters(key: 1)
    for trainable in [[0], [3], [1, 2], [0, 3]] as [Set<Int>] {
      var after = before
      let (inputs, labels) = Self.dropping.samples(8, key: 1)
      var source = ArraySource(inputs: inputs, labels: labels)
      _ = try trainer.train(
        &after, trainable: trainable, source: &source,
        settings: TrainingSettings(learningRate: 0.1), random: RandomStream(seed: 1))
      for segment in 0..<4 {
        #expect((after[segment] == before[segment]) == !trainable.contains(segment))
      }
    }
  }

  @Test func `skips and counts batches whose loss is above the limit`() throws {
    let small = Self.dropping
    let trainer = try Trainer(network: try small.network(), batch: 4)
    let before = try small.parameters(key: 1)
    let (inputs, labels) = small.samples(12, key: 1)
    var settings = TrainingSettings(learningRate: 0.1)
    settings.lossLimit = 0.01
    var (after, source) = (before, ArraySource(inputs: inputs, labels: labels))
    let refused = try trainer.train(
      &after, source: &source, settings: settings, random: RandomStream(seed: 1))
    #expect(refused.skippedSteps == 3)
    #expect(refused.steps == 0)
    #expect(refused.divergedAt == nil)
    #expect(after == before)
  }

  @Test(arguments: [Float.nan, .infinity], [dropping, SmallNetwork.normalized[0]])
  func `stops at a batch whose loss is no number, which leaves no trace`(
    pixel: Float, small: SmallNetwork
  ) throws {
    let trainer = try Trainer(network: try small.network(), batch: 4)
    let before = try small.parameters(key: 1)
    var (inputs, labels) = small.samples(12, key: 1)
    inputs[5 * small.input.count] = pixel
    var (after, source) = (before, ArraySource(inputs: inputs, labels: labels))
    let outcome = try trainer.train(
      &after, source: &source, settings: TrainingSettings(learningRate: 0.1),
      random: RandomStream(seed: 1))
    #expect(outcome.divergedAt == 2)
    #expect((outcome.steps, outcome.samples, outcome.learnedSamples) == (1, 8, 4))
    #expect(outcome.skippedSteps == 0)
    #expect(after != before)
    #expect(after.allSatisfy { $0.scalars.allSatisfy(\.isFinite) })
  }

  @Test func `takes no step longer than the clipped gradient allows`() throws {
    var settings = TrainingSettings(learningRate: 1)
    (settings.momentum, settings.weightDecay, settings.clipNorm) = (0, 0, 0.01)
    let before = try Self.dropping.parameters(key: 2)
    let after = try train(Self.dropping, batch: 17, seed: 2, epochs: 1, settings: settings)
    let square = zip(before.flatMap(\.scalars), after.flatMap(\.scalars)).reduce(0.0) {
      $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
    }
    #expect(abs(square.squareRoot() - 0.01) < 1e-4)
  }

  @Test func `is pulled back to the start by the proximal term`() throws {
    func distance(_ proximal: Double) throws -> Double {
      var settings = TrainingSettings(learningRate: 0.05)
      settings.proximal = proximal
      let before = try Self.dropping.parameters(key: 3)
      let after = try train(Self.dropping, batch: 4, seed: 3, settings: settings)
      return zip(before.flatMap(\.scalars), after.flatMap(\.scalars)).reduce(0) {
        $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
      }
    }
    let distances = try [0, 0.3, 3].map(distance)
    #expect(distances[0] > distances[1])
    #expect(distances[1] > distances[2])
    #expect(distances[2] > 0)
  }

  @Test func `adds the correction to the gradient`() throws {
    let small = Self.dropping
    let trainer = try Trainer(network: try small.network(), batch: 4)
    let before = try small.parameters(key: 2)
    let correction = try small.parameters(key: 50)
    let (inputs, labels) = small.samples(4, key: 2)
    var settings = TrainingSettings(learningRate: 0.5)
    (settings.momentum, settings.weightDecay, settings.clipNorm) = (0, 0, nil)
    func step(_ correction: [ParameterVector]?) throws -> [Float] {
      var (after, source) = (before, ArraySource(inputs: inputs, labels: labels))
      _ = try trainer.train(
        &after, source: &source, settings: settings, random: RandomStream(seed: 1),
        correction: correction)
      return after.flatMap(\.scalars)
    }
    let (plain, corrected) = (try step(nil), try step(correction))
    for (index, addend) in correction.flatMap(\.scalars).enumerated() {
      #expect(abs(corrected[index] - (plain[index] - 0.5 * addend)) < 1e-6)
    }
  }

  @Test func `learns what can be learned`() throws {
    let small = Self.dropping
    let trainer = try Trainer(network: try small.network(), batch: 8)
    var parameters = try small.parameters(key: 1)
    let (inputs, labels) = small.samples(24, key: 1)
    var settings = TrainingSettings(learningRate: 0.05)
    settings.drops = false
    var source = ArraySource(inputs: inputs, labels: labels, epochs: 60)
    _ = try trainer.train(
      &parameters, source: &source, settings: settings, random: RandomStream(seed: 1))
    source = ArraySource(inputs: inputs, labels: labels)
    let evaluation = try trainer.evaluate(parameters, source: &source, batch: 10)
    #expect(evaluation.samples == 24)
    #expect(evaluation.accuracy == 1)
    #expect(try #require(evaluation.meanLoss) < 0.1)
  }

  @Test func `counts right answers class by class, whatever the batch size`() throws {
    let small = Self.dropping
    let trainer = try Trainer(network: try small.network(), batch: 4)
    let parameters = try small.parameters(key: 3)
    let (inputs, labels) = small.samples(23, key: 4)
    var source = ArraySource(inputs: inputs, labels: labels)
    let logits = try trainer.predictions(parameters, source: &source)
    let classes = logits.count / labels.count
    var expected = Array(repeating: (samples: 0, correct: 0), count: classes)
    for (sample, label) in labels.enumerated() {
      let row = logits[sample * classes..<(sample + 1) * classes]
      let guess = row.indices.max { row[$0] < row[$1] }.map { $0 - sample * classes }
      expected[Int(label)].samples += 1
      if guess == Int(label) { expected[Int(label)].correct += 1 }
    }
    for batch in [1, 5, 23] {
      source = ArraySource(inputs: inputs, labels: labels)
      let evaluation = try trainer.evaluate(parameters, source: &source, batch: batch)
      #expect(evaluation.classes.map(\.samples) == expected.map(\.samples))
      #expect(evaluation.classes.map(\.correct) == expected.map(\.correct))
      #expect(evaluation.classes.reduce(0) { $0 + $1.correct } == evaluation.correct)
      #expect(evaluation.confusion.isEmpty)
    }
  }

  @Test func `of a source without samples changes nothing`() throws {
    let trainer = try Trainer(network: try Self.dropping.network(), batch: 8)
    var parameters = try Self.dropping.parameters(key: 1)
    let before = parameters
    var source = ArraySource(inputs: [], labels: [])
    let outcome = try trainer.train(
      &parameters, source: &source, settings: TrainingSettings(learningRate: 1),
      random: RandomStream(seed: 1))
    #expect(outcome == TrainingOutcome())
    #expect(parameters == before)
    #expect(try trainer.evaluate(parameters, source: &source) == Evaluation())
  }
}
