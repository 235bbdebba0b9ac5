import Measures
import Neural
import Tensors
import Testing

/// A small chain of blocks with a head behind each, and how many samples to try it with.
struct SupervisedNetwork: CustomTestStringConvertible, Sendable {
  let name: String
  let input: Shape
  let classes: Int
  let blocks: [Block]
  let heads: [Block]
  var batch = 3
  var objective = Objective.classes

  var testDescription: String { name }

  /// The sub-model of the first `count` blocks and the last of their heads.
  func small(_ count: Int) -> SmallNetwork {
    SmallNetwork(
      name: name, input: input, classes: classes,
      blocks: Array(blocks.prefix(count)) + [heads[count - 1]], batch: batch, objective: objective)
  }

  func network() throws -> Network {
    try Network(
      input: input, classes: classes, blocks: blocks, heads: heads, objective: objective)
  }

  /// Parameters for all segments.
  func parameters(key: UInt64) throws -> [ParameterVector] {
    var key = key
    return try network().layouts.map { ParameterVector(filling: $0, key: &key) }
  }

  /// The mean over the heads of each head's loss, each computed by itself in 64 bits.
  func referenceLoss(
    _ segments: [[Double]], inputs: [Double], labels: [Int32]
  ) throws -> Double {
    let losses = try (1...blocks.count).map { count in
      try ReferenceNetwork(small(count)).loss(
        segments.prefix(count).flatMap(\.self) + segments[blocks.count + count - 1],
        inputs: inputs, labels: labels)
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  private static func convolution(_ name: String, _ outputs: Int, window: Int = 3) -> Layer {
    .convolution(
      ConvolutionLayer(name, outputs: outputs, window: window, padding: window / 2, bias: false))
  }

  private static func norm(_ name: String) -> Layer {
    .normalization(NormalizationLayer(name, .group(groups: 2)))
  }

  private static func head(_ name: String, _ classes: Int) -> Block {
    Block(name, [.globalAveragePooling, .linear(LinearLayer("fc", outputs: classes))])
  }

  static let all: [SupervisedNetwork] = [
    SupervisedNetwork(
      name: "a ConvNet with dropout", input: [2, 9, 8], classes: 4,
      blocks: [
        Block("a", [.convolution(ConvolutionLayer("c", outputs: 8, window: 3)), .relu]),
        Block(
          "b",
          [
            .convolution(ConvolutionLayer("d", outputs: 11, window: 3)), .relu,
            .maxPooling(PoolingLayer(window: 2)), .dropout(rate: 0.25),
          ]),
        Block("c", [.flatten, .linear(LinearLayer("f", outputs: 6)), .relu]),
      ],
      heads: [
        head("h1", 4),
        Block(
          "h2",
          [
            .flatten, .linear(LinearLayer("f", outputs: 5)), .relu,
            .linear(LinearLayer("g", outputs: 4)),
          ]),
        Block("h3", [.linear(LinearLayer("f", outputs: 4))]),
      ]),
    SupervisedNetwork(
      name: "residual blocks", input: [3, 6, 7], classes: 3,
      blocks: [
        Block("a", [convolution("c", 16), norm("n"), .relu]),
        Block(
          "b",
          [
            .residual(
              body: [convolution("d", 16), norm("o"), .relu, convolution("e", 16), norm("p")],
              shortcut: []), .relu,
          ]),
        Block("c", [.residual(body: [.relu, convolution("g", 16)], shortcut: [])]),
        Block(
          "d",
          [
            .residual(
              body: [convolution("i", 5), .relu], shortcut: [convolution("j", 5, window: 1)])
          ]),
      ], heads: (1...4).map { head("h\($0)", 3) }),
    SupervisedNetwork(
      name: "blocks that are their own heads", input: [1, 5, 5], classes: 3,
      blocks: [
        Block("a", [.flatten, .linear(LinearLayer("c", outputs: 3))]),
        Block("b", [.residual(body: [.linear(LinearLayer("d", outputs: 3))], shortcut: [])]),
        Block("c", [.relu, .linear(LinearLayer("e", outputs: 3))]),
      ], heads: [Block("h1", []), Block("h2", []), Block("h3", [])]),
    SupervisedNetwork(
      name: "masks", input: [1, 4, 6], classes: 9,
      blocks: [
        Block("a", [convolution("c", 8), .relu]), Block("b", [convolution("d", 16), .relu]),
      ], heads: [1, 2].map { Block("h\($0)", [convolution("mask", 9, window: 1)]) },
      objective: .pixels(.crossEntropyAndDice)),
    SupervisedNetwork(
      name: "one head", input: [2, 7, 7], classes: 3,
      blocks: [
        Block(
          "a",
          [
            convolution("c", 12), .normalization(NormalizationLayer("n", .batch(momentum: 0.1))),
            .relu, .dropout(rate: 0.5),
          ])
      ], heads: [head("h1", 3)]),
  ]
}
