import Neural
import Tensors

/// The two-dimensional U-Net that grows symmetrically (Ronneberger et al., MICCAI 2015; Wang et
/// al., 2022).
///
/// Level ℓ of L has w · 2^(ℓ−1) channels and 2^(ℓ−1) times fewer rows and columns than
/// the image. Its encoder is two times (3×3 convolution, group norm, ReLU); between levels is a
/// max-pooling on the way down, and a transposed convolution of step 2 on the way up. The decoder
/// of a level applies such a pair to the encoder's output and, behind it, what came up.
///
/// What a level passes up has the same channels, whether it is the output of its encoder alone,
/// where it is the innermost, or of its decoder. So a stage adds one level with the upsampling and
/// the decoder that join it to its neighbour, no carried-over tensor changes its shape, and each
/// sub-model is a U-Net of its own. The first block holds all levels that S stages don't add: L −
/// S + 1 of them.
struct UNet {
  /// The network by name.
  static let entries = [
    Zoo.Entry(
      name: "unet", input: [4, 96, 96], classes: 4,
      options: ["stages", "levels", "width", "order", "loss"]
    ) { (request) throws(ModelError) in
      let network = try UNet(request.options, name: request.name)
      var options = request.options
      (options.width, options.levels) = (network.width, network.levels)
      (options.order, options.loss) = (network.order, network.loss)
      return try network.architecture(
        name: request.name, input: request.input, classes: request.classes
      ).made(by: options)
    }
  ]

  /// The channels of the first level, w.
  var width = 32
  /// The number of levels, L.
  var levels = 5
  /// The number of sub-models, S.
  var stages = 4
  /// In which order levels are added.
  var order = Nesting.outermostFirst
  /// The objective that it is trained for.
  var loss = PixelLoss.crossEntropyAndDice

  /// The architecture of these settings for images of `input`, `[C, H, W]`.
  func architecture(
    name: String, input: Shape, classes: Int
  ) throws(ModelError) -> Architecture {
    try Architecture(
      name: name, input: input, classes: classes,
      blocks: (1...stages).map { order == .outermostFirst ? inner($0) : outer($0) },
      heads: (1...stages).map { head($0, classes: classes) }, nesting: order,
      objective: .pixels(loss),
      // Outermost first, all heads read the first level's channels.
      carriesHead: order == .outermostFirst)
  }

  /// The levels of the first block.
  private var first: Int { levels - stages + 1 }

  /// Block `index` of a network that grows inwards: what lies inside the blocks before it.
  private func inner(_ index: Int) -> Block {
    let own = index == 1 ? Array(2..<first + 1) : [first + index - 1]
    let stem = index == 1 ? pair("encoder", 1) : []
    return Block(
      "block\(index)", stem + own.flatMap { descent(to: $0) },
      returning: own.reversed().flatMap { ascent(from: $0) })
  }

  /// Block `index` of a network that grows outwards: what lies around the blocks before it.
  private func outer(_ index: Int) -> Block {
    let level = stages - index + 1
    guard index == 1 else {
      return Block(
        "block\(index)", pair("encoder", level) + step(from: level),
        returning: ascent(from: level + 1))
    }
    let deeper = Array(level + 1..<levels + 1)
    return Block(
      "block1", pair("encoder", level) + deeper.flatMap { descent(to: $0) },
      returning: deeper.reversed().flatMap { ascent(from: $0) })
  }

  /// The head of stage `stage`: to one logit per class and pixel.
  ///
  /// A network that grows outwards has no full-resolution level yet before its last stage. Its head
  /// takes patches of the image to the channels that its outermost encoder reads, and back.
  private func head(_ stage: Int, classes: Int) -> Block {
    let level = stages - stage + 1
    guard order == .bottomFirst, level > 1 else {
      let mask = Layer.convolution(ConvolutionLayer("mask", outputs: classes, window: 1))
      return Block("head\(stage)", [], returning: [mask])
    }
    let patch = 1 << (level - 1)
    return Block(
      "head\(stage)",
      [
        .convolution(
          ConvolutionLayer(
            "patches", outputs: channels(level - 1), window: patch, stride: patch, bias: false)),
        norm("norm", channels(level - 1)), .relu,
      ],
      returning: [
        .transposedConvolution(
          TransposedConvolutionLayer("mask", outputs: classes, window: patch))
      ])
  }

  // MARK: Levels

  private func channels(_ level: Int) -> Int { width << (level - 1) }

  private func step(from level: Int) -> [Layer] {
    [.keep("skip\(level)"), .maxPooling(PoolingLayer(window: 2))]
  }

  private func descent(to level: Int) -> [Layer] {
    step(from: level - 1) + pair("encoder", level)
  }

  private func ascent(from level: Int) -> [Layer] {
    let up = TransposedConvolutionLayer(
      "up\(level - 1)", outputs: channels(level - 1), window: 2)
    return [.transposedConvolution(up), .concatenation("skip\(level - 1)")]
      + pair("decoder", level - 1)
  }

  private func pair(_ part: String, _ level: Int) -> [Layer] {
    let count = channels(level)
    return (1...2).flatMap { index -> [Layer] in
      [
        .convolution(
          ConvolutionLayer(
            "\(part)\(level).conv\(index)", outputs: count, window: 3, padding: 1, bias: false)),
        norm("\(part)\(level).norm\(index)", count), .relu,
      ]
    }
  }

  /// A group norm of 8 groups, or as many as go into the channels.
  private func norm(_ name: String, _ channels: Int) -> Layer {
    let groups = [8, 4, 2].first(where: channels.isMultiple) ?? 1
    return .normalization(NormalizationLayer(name, .group(groups: groups)))
  }
}

extension UNet {
  /// The settings that `options` choose, checked.
  init(_ options: ModelOptions, name: String) throws(ModelError) {
    width = options.width ?? width
    order = options.order ?? order
    loss = options.loss ?? loss
    // S pairs of levels and the bridge below them, unless told otherwise.
    stages = options.stages ?? options.levels.map { max(1, $0 - 1) } ?? stages
    levels = options.levels ?? stages + 1
    func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws(ModelError) {
      guard range.contains(value) else {
        throw .unsupportedOption(
          name: name, option: option, value: "\(value)",
          supported: ["\(range.lowerBound) to \(range.upperBound)"])
      }
    }
    try check("width", width, 1...1024)
    try check("levels", levels, 1...8)
    try check("stages", stages, 1...levels)
  }
}
