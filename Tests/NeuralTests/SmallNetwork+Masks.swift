import Neural
import Tensors

extension SmallNetwork {
  private static func convolution(_ name: String, _ outputs: Int, window: Int = 3) -> Layer {
    .convolution(
      ConvolutionLayer(name, outputs: outputs, window: window, padding: window / 2, bias: false))
  }

  private static func norm(_ name: String) -> Layer {
    .normalization(NormalizationLayer(name, .group(groups: 2)))
  }

  private static func up(_ name: String, _ outputs: Int) -> Layer {
    .transposedConvolution(TransposedConvolutionLayer(name, outputs: outputs, window: 2))
  }

  private static func transposed(_ layer: TransposedConvolutionLayer, input: Shape) -> SmallNetwork
  {
    SmallNetwork(
      name: "\(layer.outputs) channels from \(input), window \(layer.window), stride "
        + "\(layer.stride), padding \(layer.padding)",
      input: input, classes: 3,
      blocks: [
        Block("a", [convolution("c", input.dimensions[0] * 4, window: 1)]),
        Block("b", [.transposedConvolution(layer), .relu]),
        Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: 3))]),
      ], probes: 30)
  }

  /// A U-Net of three levels: two blocks lie around the third, or each inside the next.
  private static func nested(
    _ name: String, _ nesting: Nesting, _ loss: PixelLoss, width: Int, classes: Int, input: Shape,
    batch: Int
  ) -> SmallNetwork {
    let pool = Layer.maxPooling(PoolingLayer(window: 2))
    let mask = Layer.convolution(ConvolutionLayer("out", outputs: classes, window: 1))
    let blocks: [Block]
    switch nesting {
    case .outermostFirst:
      blocks = [
        Block("block1", [convolution("e1", width), norm("n1"), .relu]),
        Block(
          "block2", [.keep("skip"), pool, convolution("e2", 2 * width), norm("n2"), .relu],
          returning: [
            up("u2", width), .concatenation("skip"), convolution("d1", width), norm("m1"), .relu,
          ]),
        Block(
          "block3", [.keep("skip"), pool, convolution("e3", 4 * width), .relu],
          returning: [
            up("u3", 2 * width), .concatenation("skip"), convolution("d2", 2 * width), .relu,
          ]),
        Block("head", [mask]),
      ]
    case .bottomFirst:
      blocks = [
        Block("block1", [convolution("e3", 4 * width), norm("n3"), .relu]),
        Block(
          "block2", [convolution("e2", 2 * width), norm("n2"), .relu, .keep("skip"), pool],
          returning: [
            up("u3", 2 * width), .concatenation("skip"), convolution("d2", 2 * width), .relu,
          ]),
        Block(
          "head",
          [
            .convolution(ConvolutionLayer("in", outputs: width, window: 2, stride: 2)), .relu,
          ],
          returning: [
            .transposedConvolution(TransposedConvolutionLayer("out", outputs: classes, window: 2))
          ]),
      ]
    }
    return SmallNetwork(
      name: name, input: input, classes: classes, blocks: blocks, batch: batch, probes: 50,
      nesting: nesting, objective: .pixels(loss))
  }

  /// Networks that make masks, and their layers.
  static let masks: [SmallNetwork] = [
    transposed(TransposedConvolutionLayer("t", outputs: 4, window: 2), input: [2, 3, 5]),
    transposed(TransposedConvolutionLayer("t", outputs: 16, window: 2), input: [4, 4, 3]),
    transposed(
      TransposedConvolutionLayer("t", outputs: 7, window: 1, bias: false), input: [1, 1, 1]),
    transposed(
      TransposedConvolutionLayer("t", outputs: 8, window: 3, stride: 2, padding: 1),
      input: [2, 4, 5]),
    transposed(
      TransposedConvolutionLayer("t", outputs: 5, window: 4, stride: 1, padding: 2),
      input: [3, 5, 4]),
    SmallNetwork(
      name: "a mask of one convolution", input: [1, 3, 2], classes: 2,
      blocks: [
        Block("a", [convolution("c", 5), .relu]), Block("h", [convolution("f", 2, window: 1)]),
      ], batch: 3, objective: .pixels(.crossEntropy)),
    SmallNetwork(
      name: "kept before a ReLU and before a pooling", input: [2, 4, 4], classes: 3,
      blocks: [
        Block(
          "a",
          [
            convolution("c", 8), .keep("raw"), .relu, convolution("d", 8), .relu, .keep("wide"),
            .maxPooling(PoolingLayer(window: 2)), up("u", 8), .concatenation("wide"),
            .concatenation("raw"),
          ]),
        Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: 3))]),
      ], probes: 30),
    nested(
      "a U-Net by Dice, batch 1", .outermostFirst, .dice, width: 2, classes: 3, input: [1, 8, 4],
      batch: 1),
    nested(
      "a U-Net by both losses", .outermostFirst, .crossEntropyAndDice, width: 8, classes: 4,
      input: [2, 4, 8], batch: 3),
    nested(
      "a U-Net from the bottom", .bottomFirst, .crossEntropyAndDice, width: 4, classes: 9,
      input: [3, 8, 8], batch: 2),
    nested(
      "a U-Net from the bottom in blocks", .bottomFirst, .crossEntropy, width: 8, classes: 2,
      input: [1, 4, 4], batch: 2),
  ]
}
