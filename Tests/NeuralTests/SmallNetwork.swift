import Neural
import Tensors
import Testing

/// A small network of odd extents, and how many samples to try it with.
struct SmallNetwork: CustomTestStringConvertible, Sendable {
  let name: String
  let input: Shape
  let classes: Int
  let blocks: [Block]
  var batch = 2
  /// The number of its gradient's scalars that are compared with differences.
  var probes = 60
  var nesting = Nesting.outermostFirst
  var objective = Objective.classes

  var testDescription: String { name }

  /// A norm of all units of a vector.
  private static let norm = Layer.normalization(NormalizationLayer("n", .group(groups: 1)))

  static let all: [SmallNetwork] = [
    SmallNetwork(
      name: "one pixel, one channel", input: [1, 1, 1], classes: 2,
      blocks: [
        Block("a", [.convolution(ConvolutionLayer("c", outputs: 1, window: 1)), .relu]),
        Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: 2))]),
      ]),
    SmallNetwork(
      name: "channels that fill no block, batch 1", input: [3, 7, 5], classes: 3,
      blocks: [
        Block("a", [.convolution(ConvolutionLayer("c", outputs: 5, window: 3)), .relu]),
        Block("b", [.convolution(ConvolutionLayer("d", outputs: 11, window: 2, bias: false))]),
        Block("h", [.relu, .globalAveragePooling, .linear(LinearLayer("f", outputs: 3))]),
      ], batch: 1),
    SmallNetwork(
      name: "stride and padding", input: [2, 9, 8], classes: 4,
      blocks: [
        Block(
          "a",
          [
            .convolution(ConvolutionLayer("c", outputs: 8, window: 3, stride: 2, padding: 1)),
            .relu,
          ]),
        Block(
          "b",
          [.convolution(ConvolutionLayer("d", outputs: 16, window: 3, padding: 1)), .relu]),
        Block("h", [.flatten, .linear(LinearLayer("f", outputs: 4, bias: false))]),
      ]),
    SmallNetwork(
      name: "overlapping padded windows", input: [1, 8, 8], classes: 3,
      blocks: [
        Block(
          "a",
          [
            .convolution(ConvolutionLayer("c", outputs: 8, window: 3)), .relu,
            .maxPooling(PoolingLayer(window: 3, stride: 2, padding: 1)),
          ]),
        Block("b", [.convolution(ConvolutionLayer("d", outputs: 9, window: 2)), .relu]),
        Block("h", [.flatten, .linear(LinearLayer("f", outputs: 3))]),
      ], batch: 3),
    SmallNetwork(
      name: "pooled pairs with a rest", input: [8, 7, 9], classes: 3,
      blocks: [
        Block("a", [.convolution(ConvolutionLayer("c", outputs: 8, window: 3)), .relu]),
        Block(
          "b",
          [
            .convolution(ConvolutionLayer("d", outputs: 16, window: 3, padding: 1)), .relu,
            .maxPooling(PoolingLayer(window: 2)),
          ]),
        Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: 3))]),
      ]),
    SmallNetwork(
      name: "pooling first, then ReLU", input: [8, 6, 6], classes: 5,
      blocks: [
        Block(
          "a",
          [
            .convolution(ConvolutionLayer("c", outputs: 12, window: 3)),
            .maxPooling(PoolingLayer(window: 2)), .relu,
          ]),
        Block("b", [.flatten, .linear(LinearLayer("f", outputs: 7)), .relu]),
        Block("h", [.linear(LinearLayer("g", outputs: 5))]),
      ]),
    SmallNetwork(
      name: "no convolution", input: [2, 3, 3], classes: 3,
      blocks: [
        Block("a", [.flatten, .linear(LinearLayer("f", outputs: 6)), .relu, .relu]),
        Block("h", [.linear(LinearLayer("g", outputs: 3))]),
      ]),
    SmallNetwork(
      name: "a window of five", input: [3, 12, 12], classes: 4,
      blocks: [
        Block(
          "a",
          [
            .convolution(ConvolutionLayer("c", outputs: 8, window: 5, padding: 2)), .relu,
            .maxPooling(PoolingLayer(window: 2)),
          ]),
        Block(
          "b",
          [
            .convolution(ConvolutionLayer("d", outputs: 24, window: 5, padding: 2)), .relu,
            .maxPooling(PoolingLayer(window: 2)),
          ]),
        Block("h", [.flatten, .linear(LinearLayer("f", outputs: 4))]),
      ]),
    SmallNetwork(
      name: "a vector, and a norm of all units", input: [7], classes: 3,
      blocks: [
        Block("a", [.flatten, .linear(LinearLayer("f", outputs: 21)), norm, .relu]),
        Block("b", [.linear(LinearLayer("g", outputs: 5)), norm, .relu]),
        Block("h", [.linear(LinearLayer("h", outputs: 3))]),
      ], batch: 3),
    SmallNetwork(
      name: "a vector of one scalar, and of as many as fill blocks", input: [1], classes: 2,
      blocks: [
        Block("a", [.linear(LinearLayer("f", outputs: 16)), norm, .relu]),
        Block("h", [.linear(LinearLayer("h", outputs: 2))]),
      ], batch: 1),
  ]

  /// Networks large enough for the backward pass that skips zeros, in all its variants.
  static let pooled: [SmallNetwork] = [
    (16, 3, 0, 2, [12, 14]), (20, 3, 1, 2, [9, 11]), (8, 5, 2, 2, [10, 9]),
    (16, 5, 0, 3, [18, 17]),
  ].map { channels, window, padding, pool, size in
    SmallNetwork(
      name: "\(channels) channels, window \(window), padding \(padding), pool \(pool)",
      input: Shape([2] + size), classes: 3,
      blocks: [
        Block(
          "a", [.convolution(ConvolutionLayer("c", outputs: channels, window: 1)), .relu]),
        Block(
          "b",
          [
            .convolution(ConvolutionLayer("d", outputs: 16, window: window, padding: padding)),
            .relu, .maxPooling(PoolingLayer(window: pool)),
          ]),
        Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: 3))]),
      ], batch: 5, probes: 12)
  }

  func network() throws -> Network {
    try Network(
      input: input, classes: classes, blocks: blocks, nesting: nesting, objective: objective)
  }

  /// Inputs and labels for `count` samples.
  func samples(_ count: Int, key: UInt64) -> (inputs: [Float], labels: [Int32]) {
    let labels = objective == .classes ? 1 : input.count / input.dimensions[0]
    return (
      fill(key: key, count: count * input.count, bound: 1.5),
      (0..<count * labels).map { Int32(($0 * 7 + $0 / 5 + Int(key % 13)) % classes) }
    )
  }

  /// Parameters for all segments.
  func parameters(key: UInt64) throws -> [ParameterVector] {
    var key = key
    return try network().layouts.map { ParameterVector(filling: $0, key: &key) }
  }
}
