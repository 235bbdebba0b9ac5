import Neural
import Tensors

/// The VGG networks (Simonyan, Zisserman, 2015) for images of 3×32×32, S = 4, with or without
/// batch norm.
///
/// Parameters are named as in torchvision: "features.0.weight", "classifier.6.bias".
enum VGGs {
  /// The networks by name.
  static let entries = [11, 13, 16, 19].flatMap { depth in
    [false, true].map { normalized in
      Zoo.Entry(
        name: "vgg\(depth)\(normalized ? "-bn" : "")", input: [3, 32, 32], classes: 10,
        options: ["stages", "width"]
      ) { (request) throws(ModelError) in
        try architecture(
          depth: depth, normalized: normalized, name: request.name, input: request.input,
          classes: request.classes, options: request.options)
      }
    }
  }

  /// A network of depth 11, 13, 16 or 19.
  static func architecture(
    depth: Int, normalized: Bool, name: String, input: Shape, classes: Int, options: ModelOptions
  ) throws(ModelError) -> Architecture {
    if let stages = options.stages, stages != 4 {
      throw .unsupportedOption(
        name: name, option: "stages", value: "\(stages)", supported: ["4"])
    }
    let width = try options.width(of: name, usually: 64, multipleOf: 1)
    var features = Features(normalized: normalized)
    // The channels of each convolution in multiples of the width; 0 is a max-pooling.
    let blocks = multiples(depth: depth).enumerated().map { index, multiples in
      Block("block\(index + 1)", multiples.flatMap { features.layers($0 * width) })
    }
    let hidden = 64 * width
    let last = Block(
      "head4",
      [
        .flatten, .linear(LinearLayer("classifier.0", outputs: hidden)), .relu,
        .dropout(rate: 0.5), .linear(LinearLayer("classifier.3", outputs: hidden)), .relu,
        .dropout(rate: 0.5), .linear(LinearLayer("classifier.6", outputs: classes)),
      ])
    let heads = (1...3).map { stage in
      Block(
        "head\(stage)", [.globalAveragePooling, .linear(LinearLayer("fc", outputs: classes))])
    }
    var options = options
    options.width = width
    return try Architecture(
      name: name, input: input, classes: classes, blocks: blocks, heads: heads + [last]
    ).made(by: options)
  }

  private static func multiples(depth: Int) -> [[Int]] {
    let count =
      switch depth {
      case 11, 13: 2
      case 16: 3
      default: 4
      }
    let first = depth == 11 ? [1, 0, 2, 0] : [1, 1, 0, 2, 2, 0]
    return [first] + [4, 8, 8].map { Array(repeating: $0, count: count) + [0] }
  }

  /// Numbers the layers as torchvision does, where ReLU and pooling count as well.
  private struct Features {
    let normalized: Bool
    var next = 0

    /// A convolution to `channels`, or a max-pooling where there are none.
    mutating func layers(_ channels: Int) -> [Layer] {
      guard channels > 0 else {
        next += 1
        return [.maxPooling(PoolingLayer(window: 2))]
      }
      let convolution = Layer.convolution(
        ConvolutionLayer("features.\(next)", outputs: channels, window: 3, padding: 1))
      guard normalized else {
        next += 2
        return [convolution, .relu]
      }
      defer { next += 3 }
      let norm = NormalizationLayer("features.\(next + 1)", .batch(momentum: 0.1))
      return [convolution, .normalization(norm), .relu]
    }
  }
}
