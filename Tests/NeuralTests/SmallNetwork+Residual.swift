import Neural
import Tensors

extension SmallNetwork {
  /// A head of `classes` on pooled features.
  private static func head(_ classes: Int) -> Block {
    Block("h", [.globalAveragePooling, .linear(LinearLayer("f", outputs: classes))])
  }

  private static func norm(_ name: String, _ groups: Int) -> Layer {
    .normalization(NormalizationLayer(name, .group(groups: groups)))
  }

  private static func convolution(
    _ name: String, _ outputs: Int, window: Int = 3, stride: Int = 1
  ) -> Layer {
    .convolution(
      ConvolutionLayer(
        name, outputs: outputs, window: window, stride: stride, padding: window / 2, bias: false))
  }

  /// Networks with normalizations and additions, fused and not.
  static let residual: [SmallNetwork] = [
    SmallNetwork(
      name: "one pixel in two groups", input: [1, 1, 1], classes: 2,
      blocks: [
        Block("a", [convolution("c", 6, window: 1), norm("n", 2), .relu]), head(2),
      ]),
    SmallNetwork(
      name: "groups across blocks of channels, batch 1", input: [3, 5, 7], classes: 3,
      blocks: [
        Block("a", [convolution("c", 10), norm("n", 2), .relu]),
        Block("b", [convolution("d", 27), norm("m", 3)]), head(3),
      ], batch: 1),
    SmallNetwork(
      name: "normalized images", input: [4, 9, 11], classes: 2,
      blocks: [
        Block("a", [norm("n", 2), .flatten, .linear(LinearLayer("g", outputs: 6)), norm("m", 3)]),
        Block("h", [.relu, .linear(LinearLayer("f", outputs: 2))]),
      ], batch: 3),
    SmallNetwork(
      name: "identity and projection", input: [3, 9, 7], classes: 3,
      blocks: [
        Block("a", [convolution("c", 16), norm("n", 2), .relu]),
        Block(
          "b",
          [
            .residual(
              body: [
                convolution("d", 16), norm("o", 2), .relu, convolution("e", 16), norm("p", 2),
              ], shortcut: []), .relu,
            .residual(
              body: [
                convolution("g", 16), norm("q", 2), .relu, convolution("i", 16), norm("r", 2),
              ],
              shortcut: []), .relu,
          ]),
        Block(
          "c",
          [
            .residual(
              body: [
                convolution("j", 24, stride: 2), norm("s", 2), .relu, convolution("k", 24),
                norm("t", 2),
              ], shortcut: [convolution("l", 24, window: 1, stride: 2), norm("u", 2)]), .relu,
          ]), head(3),
      ]),
    SmallNetwork(
      name: "additions that nothing takes in", input: [2, 6, 6], classes: 3,
      blocks: [
        Block("a", [convolution("c", 9), .relu]),
        Block(
          "b",
          [
            .residual(body: [.relu, convolution("d", 9)], shortcut: []),
            .residual(
              body: [convolution("e", 5), .relu], shortcut: [convolution("g", 5, window: 1)]),
            .relu,
          ]), head(3),
      ]),
    SmallNetwork(
      name: "activations before convolutions, nested", input: [2, 7, 6], classes: 2,
      blocks: [
        Block("a", [convolution("c", 8)]),
        Block(
          "b",
          [
            .residual(
              body: [
                norm("n", 2), .relu,
                .residual(body: [convolution("d", 8), norm("o", 4)], shortcut: []),
              ], shortcut: []),
            .residual(body: [.maxPooling(PoolingLayer(window: 1)), .relu], shortcut: []),
          ]), head(2),
      ]),
  ]

  private static func batchNorm(_ name: String) -> Layer {
    .normalization(NormalizationLayer(name, .batch(momentum: 0.1)))
  }

  /// Convolutions that are large enough for Winograd's tiles, which don't divide the images.
  static let tiled: [SmallNetwork] = [(12, 11, 1), (13, 14, 0)].map { rows, columns, padding in
    SmallNetwork(
      name: "tiles on \(rows)×\(columns), padding \(padding)",
      input: Shape([2, rows, columns]), classes: 3,
      blocks: [
        Block("a", [convolution("c", 16), norm("n", 2), .relu]),
        Block(
          "b",
          [.convolution(ConvolutionLayer("d", outputs: 32, window: 3, padding: padding)), .relu]),
        Block(
          "c", [.convolution(ConvolutionLayer("e", outputs: 16, window: 3, padding: padding))]),
        head(3),
      ], batch: 5, probes: 12)
  }

  /// Images so small that a window is mostly padding.
  static let small: [SmallNetwork] = [
    (1, 1, 1), (3, 1, 1), (2, 3, 1), (6, 5, 2),
  ].map { rows, columns, stride in
    SmallNetwork(
      name: "\(rows)×\(columns), stride \(stride)", input: Shape([16, rows, columns]), classes: 3,
      blocks: [
        Block("a", [convolution("c", 16), .relu]),
        Block(
          "b",
          [
            .convolution(
              ConvolutionLayer("d", outputs: 32, window: 3, stride: stride, padding: 1)), .relu,
            convolution("e", 16),
          ]), head(3),
      ], batch: 3)
  }

  /// Networks with batch norms and means of windows.
  static let normalized: [SmallNetwork] = [
    SmallNetwork(
      name: "batch norm of odd channels", input: [3, 5, 7], classes: 3,
      blocks: [
        Block("a", [convolution("c", 11), batchNorm("n"), .relu]),
        Block("b", [convolution("d", 17, stride: 2), batchNorm("m")]), head(3),
      ], batch: 3),
    SmallNetwork(
      name: "batch norm of vectors and of one sample's image", input: [2, 4, 3], classes: 2,
      blocks: [
        Block("a", [batchNorm("n"), .flatten, .linear(LinearLayer("g", outputs: 5))]),
        Block("h", [.relu, .linear(LinearLayer("f", outputs: 2))]),
      ], batch: 1),
    SmallNetwork(
      name: "batch norm in a residual block", input: [3, 6, 6], classes: 3,
      blocks: [
        Block("a", [convolution("c", 8), batchNorm("n"), .relu]),
        Block(
          "b",
          [
            .residual(body: [convolution("d", 8), batchNorm("m")], shortcut: []), .relu,
            .averagePooling(PoolingLayer(window: 3, stride: 2, padding: 1)),
          ]), head(3),
      ], batch: 4),
    SmallNetwork(
      name: "means of windows", input: [3, 9, 7], classes: 3,
      blocks: [
        Block(
          "a", [convolution("c", 10), .relu, .averagePooling(PoolingLayer(window: 2))]),
        Block("b", [convolution("d", 16), .adaptiveAveragePooling(rows: 3, columns: 2), .relu]),
        Block("h", [.flatten, .linear(LinearLayer("f", outputs: 3))]),
      ]),
    SmallNetwork(
      name: "more windows than pixels", input: [2, 2, 3], classes: 2,
      blocks: [
        Block("a", [.relu, .adaptiveAveragePooling(rows: 3, columns: 4)]),
        Block("b", [convolution("d", 4, window: 1), .adaptiveAveragePooling(rows: 1, columns: 1)]),
        Block("h", [.flatten, .linear(LinearLayer("f", outputs: 2))]),
      ]),
  ]
}
