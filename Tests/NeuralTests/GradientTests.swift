import Measures
import Neural
import Tensors
import TestSupport
import Testing

@Suite(.longRunning) struct `A gradient` {
  @Test(
    arguments: SmallNetwork.all + SmallNetwork.pooled + SmallNetwork.residual
      + SmallNetwork.normalized + SmallNetwork.tiled + SmallNetwork.small
      + SmallNetwork.masks, [11, 12] as [UInt64])
  func `is that of the loss, by differences in 64 bits`(small: SmallNetwork, seed: UInt64) throws {
    let trainer = try Trainer(network: try small.network(), batch: small.batch)
    let parameters = try small.parameters(key: seed * 100)
    let (inputs, labels) = small.samples(small.batch, key: seed)
    var source = ArraySource(inputs: inputs, labels: labels)
    let (gradient, loss) = try trainer.gradient(parameters, source: &source)

    let reference = try ReferenceNetwork(small)
    let pixels = inputs.map(Double.init)
    var scalars = parameters.flatMap(\.scalars).map(Double.init)
    let expected = reference.loss(scalars, inputs: pixels, labels: labels)
    #expect(abs(loss - expected) < 1e-5 * max(1, expected))

    let found = gradient.flatMap(\.scalars)
    let typical = (found.reduce(0) { $0 + $1 * $1 } / Float(found.count)).squareRoot()
    for index in stride(from: 0, to: scalars.count, by: max(1, scalars.count / small.probes)) {
      let original = scalars[index]
      scalars[index] = original + 1e-6
      let above = reference.loss(scalars, inputs: pixels, labels: labels)
      scalars[index] = original - 1e-6
      let below = reference.loss(scalars, inputs: pixels, labels: labels)
      scalars[index] = original
      let slope = (above - below) / 2e-6
      #expect(
        abs(Double(found[index]) - slope) < 1e-4 * max(abs(slope), Double(typical)) + 1e-8,
        "scalar \(index)")
    }
  }

  @Test(arguments: SmallNetwork.all + SmallNetwork.masks, [1, 2, 4, 7])
  func `of several batches is the mean over their samples`(
    small: SmallNetwork, batch: Int
  ) throws {
    let parameters = try small.parameters(key: 5)
    let (inputs, labels) = small.samples(7, key: 3)
    var results: [[Float]] = []
    for size in [batch, 7] {
      let trainer = try Trainer(network: try small.network(), batch: size)
      var source = ArraySource(inputs: inputs, labels: labels)
      results.append(try trainer.gradient(parameters, source: &source).gradient.flatMap(\.scalars))
    }
    let typical = (results[1].reduce(0) { $0 + $1 * $1 } / Float(results[1].count)).squareRoot()
    for (one, other) in zip(results[0], results[1]) {
      #expect(abs(one - other) <= 1e-4 * max(abs(other), typical))
    }
  }
}
