import Neural
import Tensors

/// Residual networks (He et al., 2016) with a group norm of two groups in place of each batch norm.
///
/// Parameters are named as in torchvision: "layer1.0.conv1.weight", "layer2.0.downsample.1.bias".
struct ResNets {
  /// The networks by name.
  static let entries = [18, 34, 50, 101, 152].map { depth in
    Zoo.Entry(
      name: "resnet\(depth)", input: [3, 24, 24], classes: 100,
      options: ["stages", "stem", "width"]
    ) { (request) throws(ModelError) in
      try architecture(
        depth: depth, name: request.name, input: request.input, classes: request.classes,
        options: request.options)
    }
  }

  /// The build of a layer's blocks.
  enum Unit: Hashable {
    /// Two 3×3 convolutions.
    case basic
    /// A 3×3 convolution between two of 1×1, the last to four times the width.
    case bottleneck

    /// Channels of the output for each channel of the width.
    var expansion: Int { self == .basic ? 1 : 4 }
  }

  /// The network's name, "resnet18".
  let name: String
  let unit: Unit
  /// The residual blocks of each of the four layers.
  let counts: [Int]
  /// The channels of the first layer, 64 usually.
  let width: Int
  let stem: ModelOptions.Stem

  /// A network of depth 18, 34, 50, 101 or 152.
  static func architecture(
    depth: Int, name: String, input: Shape, classes: Int, options: ModelOptions
  ) throws(ModelError) -> Architecture {
    let (unit, counts): (Unit, [Int]) =
      switch depth {
      case 18: (.basic, [2, 2, 2, 2])
      case 34: (.basic, [3, 4, 6, 3])
      case 50: (.bottleneck, [3, 4, 6, 3])
      case 101: (.bottleneck, [3, 4, 23, 3])
      default: (.bottleneck, [3, 8, 36, 3])
      }
    let width = try options.width(of: name, usually: 64, multipleOf: 2)
    let network = ResNets(
      name: name, unit: unit, counts: counts, width: width, stem: options.stem ?? .cifar)
    let splits = network.splits
    guard let blocks = splits[options.stages ?? 4] else {
      throw .unsupportedOption(
        name: name, option: "stages", value: "\(options.stages ?? 4)",
        supported: splits.keys.sorted().map(String.init))
    }
    var options = options
    (options.width, options.stem) = (network.width, network.stem)
    return try network.architecture(blocks, input: input, classes: classes).made(by: options)
  }

  /// A run of residual blocks of one layer, numbered from 0; the stem is a part of layer 0.
  private struct Part {
    let layer: Int
    let blocks: Range<Int>
  }

  /// The parts of each stage's block, by number of stages.
  ///
  /// Where a layer is cut in two, the first half is the larger one.
  private var splits: [Int: [[Part]]] {
    let whole = counts.indices.map { Part(layer: $0, blocks: 0..<counts[$0]) }
    let first = counts.indices.map { Part(layer: $0, blocks: 0..<(counts[$0] + 1) / 2) }
    let second = counts.indices.map {
      Part(layer: $0, blocks: (counts[$0] + 1) / 2..<counts[$0])
    }
    return [
      2: [[whole[0], whole[1], whole[2]], [whole[3]]],
      3: [[whole[0]], [whole[1], whole[2]], [whole[3]]],
      4: whole.map { [$0] },
      5: [
        [first[0]], [second[0], first[1]], [second[1], first[2]], [second[2], first[3]],
        [second[3]],
      ],
      8: counts.indices.flatMap { [[first[$0]], [second[$0]]] },
    ]
  }

  private func architecture(
    _ parts: [[Part]], input: Shape, classes: Int
  ) throws(ModelError) -> Architecture {
    let blocks = parts.enumerated().map { index, parts in
      Block("block\(index + 1)", (index == 0 ? stemLayers : []) + parts.flatMap(layers))
    }
    let heads = parts.indices.map { index in
      Block(
        "head\(index + 1)",
        [.globalAveragePooling, .linear(LinearLayer("fc", outputs: classes))])
    }
    return try Architecture(
      name: name, input: input, classes: classes, blocks: blocks, heads: heads)
  }

  private var stemLayers: [Layer] {
    switch stem {
    case .cifar: [convolution("conv1", width, window: 3), norm("bn1"), .relu]
    case .imagenet:
      [
        convolution("conv1", width, window: 7, stride: 2), norm("bn1"), .relu,
        .maxPooling(PoolingLayer(window: 3, stride: 2, padding: 1)),
      ]
    }
  }

  private func layers(_ part: Part) -> [Layer] { part.blocks.flatMap { block(part.layer, $0) } }

  /// A residual block and the ReLU behind it.
  private func block(_ layer: Int, _ index: Int) -> [Layer] {
    let name = "layer\(layer + 1).\(index)"
    let channels = width << layer
    let stride = index == 0 && layer > 0 ? 2 : 1
    let outputs = channels * unit.expansion
    let body: [Layer] =
      switch unit {
      case .basic:
        [
          convolution("\(name).conv1", channels, window: 3, stride: stride),
          norm("\(name).bn1"), .relu,
          convolution("\(name).conv2", channels, window: 3), norm("\(name).bn2"),
        ]
      case .bottleneck:
        [
          convolution("\(name).conv1", channels, window: 1), norm("\(name).bn1"), .relu,
          convolution("\(name).conv2", channels, window: 3, stride: stride),
          norm("\(name).bn2"), .relu,
          convolution("\(name).conv3", outputs, window: 1), norm("\(name).bn3"),
        ]
      }
    let keepsShape = index > 0 || (layer == 0 && unit.expansion == 1)
    let shortcut: [Layer] =
      keepsShape
      ? []
      : [
        convolution("\(name).downsample.0", outputs, window: 1, stride: stride),
        norm("\(name).downsample.1"),
      ]
    return [.residual(body: body, shortcut: shortcut), .relu]
  }

  private func convolution(
    _ name: String, _ outputs: Int, window: Int, stride: Int = 1
  ) -> Layer {
    .convolution(
      ConvolutionLayer(
        name, outputs: outputs, window: window, stride: stride, padding: window / 2, bias: false))
  }

  private func norm(_ name: String) -> Layer {
    .normalization(NormalizationLayer(name, .group(groups: 2)))
  }
}
