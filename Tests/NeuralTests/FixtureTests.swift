import Measures
import Models
import Neural
import Tensors
import TestSupport
import Testing

@Suite(.longRunning) struct `A network agrees with PyTorch` {
  @Test(arguments: try Fixtures.all)
  func `in its logits, its loss and its gradients`(fixture: Fixtures.Case) throws {
    let network = try fixture.network()
    let trainer = try Trainer(network: network, batch: 5)
    let parameters = filled(network)
    let batch = batches(network)[0]
    var source = BatchesSource(batches: [batch])
    let logits = try trainer.predictions(parameters, source: &source)
    expect(logits, near: fixture.logits, scale: 1)

    // Frozen batch norms use their running statistics, those of a whole gradient the batch's.
    guard !fixture.warmUp || !fixture.model.hasSuffix("-bn") else { return }
    source = BatchesSource(batches: [batch])
    let (gradient, loss) = try trainer.gradient(parameters, source: &source)
    #expect(abs(loss - fixture.losses[0]) < 1e-4 * fixture.losses[0])
    let trained = fixture.warmUp ? Array(gradient.suffix(2)) : gradient
    // Below a batch norm a bias has no effect: its gradient is 0 but for rounding.
    let largest = fixture.gradients.map { Double($0.samples.map(abs).max() ?? 0) }.max() ?? 0
    compare(trained, with: fixture.gradients, floor: 0.05 * largest) { $0 != .buffer }
  }

  @Test(arguments: try Fixtures.all)
  func `after ten steps of its optimizer`(fixture: Fixtures.Case) throws {
    let network = try fixture.network()
    let trainer = try Trainer(network: network, batch: 5)
    var parameters = filled(network)
    let before = parameters
    var source = BatchesSource(batches: batches(network))
    let segments = network.layouts.indices
    let trainable = fixture.warmUp ? Set(segments.suffix(2)) : Set(segments)
    let outcome = try trainer.train(
      &parameters, trainable: trainable, source: &source, settings: fixture.settings,
      random: RandomStream(seed: 0))
    #expect(outcome.steps == 10)
    #expect(outcome.samples == 46)
    let losses = zip(Self.sizes, fixture.losses).reduce(0) { $0 + Double($1.0) * $1.1 }
    #expect(abs(outcome.lossSum - losses) < 1e-4 * losses)
    compare(parameters, with: fixture.parameters) { _ in true }
    for segment in segments where !trainable.contains(segment) {
      #expect(parameters[segment] == before[segment])
    }
  }

  private static let sizes = [5, 5, 5, 3, 5, 5, 5, 3, 5, 5]

  private func filled(_ network: Network) -> [ParameterVector] {
    var key: UInt64 = 1
    return network.layouts.map { ParameterVector(filling: $0, key: &key) }
  }

  private func batches(_ network: Network) -> [(inputs: [Float], labels: [Int32])] {
    Self.sizes.enumerated().map { step, count in
      (
        fill(key: 1000 + UInt64(step), count: count * network.input.count, bound: 1.7),
        (0..<count).map { Int32((3 * $0 + step) % 10) }
      )
    }
  }

  private func compare(
    _ vectors: [ParameterVector], with summaries: [Fixtures.Summary], floor: Double = 0,
    where isCompared: (Parameter.Role) -> Bool
  ) {
    let tensors = vectors.flatMap { vector in
      vector.layout.parameters.indices.filter { isCompared(vector.layout.parameters[$0].role) }
        .map { (vector.layout.parameters[$0].name, vector.tensor($0).scalars) }
    }
    #expect(tensors.count == summaries.count)
    for ((name, tensor), summary) in zip(tensors, summaries) {
      let root = Double(tensor.count).squareRoot()
      let typical = max(summary.norm / root, floor)
      let norm = tensor.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let sum = tensor.reduce(0) { $0 + Double($1) }
      #expect(abs(norm - summary.norm) <= 1e-4 * typical * root, "\(name)")
      // Of a sum of n terms of both signs only the share that doesn't cancel is known.
      #expect(
        abs(sum - summary.sum) <= 1e-4 * typical * Double(tensor.count), "\(name)")
      let samples = stride(from: 0, to: tensor.count, by: summary.stride).map { tensor[$0] }
      expect(samples, near: summary.samples, scale: typical)
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
