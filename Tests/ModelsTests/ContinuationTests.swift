import Measures
import Models
import Neural
import Tensors
import Testing

/// A stage of a network that is entered, and how alike the answers before and after must be.
struct Entry: CustomTestStringConvertible, Sendable {
  let model: String
  let stage: Int
  var input: Shape?
  var width: Int?
  var stages: Int?
  var widths: [Int]?
  /// The least correlation of the logits, each class's mean taken off; nil where they are the same.
  var correlation: Double?
  /// The least share of samples that are answered as before.
  var agreement = 1.0

  var testDescription: String { "\(model), stage \(stage) of \(stages.map(String.init) ?? "all")" }

  func architecture() throws -> Architecture {
    if model == "padded" { return try Self.padded() }
    var options = ModelOptions()
    (options.width, options.stages, options.widths) = (width, stages, widths)
    return try Zoo.architecture(
      named: model, input: input, classes: 10, options: options)
  }

  /// Blocks that change nothing in size.
  private static func padded() throws -> Architecture {
    func convolution(_ name: String, _ outputs: Int, _ window: Int) -> Layer {
      .convolution(
        ConvolutionLayer(name, outputs: outputs, window: window, padding: window / 2))
    }
    return try Architecture(
      name: "padded", input: [2, 9, 7], classes: 10,
      blocks: [
        Block("block1", [convolution("a", 12, 3), .relu, .maxPooling(PoolingLayer(window: 2))]),
        Block(
          "block2",
          [
            convolution("a", 20, 5), .relu, .dropout(rate: 0.5), convolution("b", 16, 3), .relu,
          ]),
        Block(
          "block3",
          [
            .residual(
              body: [convolution("a", 16, 3), .relu, convolution("b", 16, 1)], shortcut: []),
            .relu,
          ]),
        Block("block4", [.flatten, .linear(LinearLayer("a", outputs: 30)), .relu]),
        Block("block5", [.linear(LinearLayer("a", outputs: 30)), .relu, .dropout(rate: 0.5)]),
      ],
      heads: (1...5).map { stage in
        Block(
          "head\(stage)",
          (stage < 4 ? [.globalAveragePooling] : [])
            + [.linear(LinearLayer("fc", outputs: 10))])
      })
  }

  static let exact: [Entry] =
    [
      Entry(model: "convnet", stage: 3, input: [1, 16, 16]),
      Entry(model: "convnet-cifar", stage: 4),
      Entry(model: "convnet-5x5", stage: 3, input: [1, 16, 16]),
      Entry(model: "resnet18", stage: 2, width: 8, stages: 8),
      Entry(model: "resnet50", stage: 2, width: 4, stages: 8),
    ] + (2...5).map { Entry(model: "padded", stage: $0) }

  static let near: [Entry] =
    [
      Entry(model: "convnet", stage: 2, input: [1, 16, 16], correlation: 0.95, agreement: 0.6),
      Entry(model: "convnet-5x5", stage: 2, input: [1, 16, 16], correlation: 0.98, agreement: 0.7),
      Entry(model: "convnet-cifar", stage: 2, correlation: 0.6, agreement: 0.6),
      Entry(model: "convnet-cifar", stage: 3, correlation: 0.6, agreement: 0.8),
      Entry(model: "resnet34", stage: 2, width: 4, stages: 3, correlation: 0.5, agreement: 0.6),
    ]
    + (2...4).map { stage in
      Entry(
        model: "mlp", stage: stage, input: [40], widths: [48, 48, 64, 80], correlation: 0.9,
        agreement: 0.9)
    }
    + (2...4).flatMap { stage in
      [
        Entry(model: "vgg11", stage: stage, width: 4, correlation: 0.6, agreement: 0.8),
        Entry(model: "vgg11-bn", stage: stage, width: 4, correlation: 0.85, agreement: 0.5),
        // It has learned too little yet for its largest logit to stand out.
        Entry(model: "resnet18", stage: stage, width: 8, correlation: 0.6, agreement: 0),
      ]
    }
}

@Suite struct `The newest block` {
  private func source(_ architecture: Architecture, batches: Int, seed: UInt64) -> PrototypeSource {
    PrototypeSource(
      input: architecture.network(stage: 1).input, classes: 10, batches: batches,
      random: RandomStream(seed: seed))
  }

  /// A sub-model that has learned something.
  private func trained(_ architecture: Architecture, stage: Int) throws -> [ParameterVector] {
    let random = RandomStream(seed: 2)
    var parameters = architecture.initialize(stage: stage, random: random)
    let trainer = try Trainer(network: architecture.network(stage: stage), batch: 16)
    var samples = source(architecture, batches: 25, seed: 7)
    _ = try trainer.train(
      &parameters, source: &samples, settings: TrainingSettings(learningRate: 0.05),
      random: random)
    return parameters
  }

  private func logits(
    _ architecture: Architecture, _ stage: Int, _ parameters: [ParameterVector]
  ) throws -> [[Double]] {
    let trainer = try Trainer(network: architecture.network(stage: stage), batch: 32)
    var samples = source(architecture, batches: 2, seed: 9)
    let all = try trainer.predictions(parameters, source: &samples).map(Double.init)
    return stride(from: 0, to: all.count, by: 10).map { Array(all[$0..<$0 + 10]) }
  }

  @Test(arguments: Entry.exact + Entry.near)
  func `continues the sub-model before it, and all of it learns`(entry: Entry) throws {
    let architecture = try entry.architecture()
    let before = try trained(architecture, stage: entry.stage - 1)
    let random = RandomStream(seed: 5)
    let continuation = try #require(
      architecture.continuation(stage: entry.stage, from: before, random: random))
    let entered = before.dropLast() + [continuation.block, continuation.head]
    #expect(entered.map(\.layout) == architecture.layouts(stage: entry.stage))

    let old = try logits(architecture, entry.stage - 1, before)
    let new = try logits(architecture, entry.stage, Array(entered))
    let spread = old.flatMap(\.self).map(abs).max() ?? 0
    let difference = zip(old, new).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? 0
    let alike = correlation(old, new)
    let agreement =
      Double(zip(old, new).count { best($0) == best($1) }) / Double(old.count)
    let fresh = [1, 0].map {
      architecture.initialize(segment: entry.stage - $0, stage: entry.stage, random: random)
    }
    let usual = before.dropLast() + fresh
    if let least = entry.correlation {
      #expect(alike >= least)
    } else {
      #expect(difference <= 1e-4 * max(1, spread))
    }
    #expect(agreement >= entry.agreement)
    // What had been learned isn't forgotten, as it is with fresh values, and about as much learns:
    // which units a few steps move depends on the processor's rounding by some per cent.
    let oldLoss = try loss(architecture, entry.stage - 1, before)
    if oldLoss < 2 {
      let losses = try [Array(entered), Array(usual)].map {
        try loss(architecture, entry.stage, $0)
      }
      #expect(abs(losses[0] - oldLoss) < 0.6 * abs(losses[1] - oldLoss))
    }
    let moved = try [Array(entered), Array(usual)].map { try learns(architecture, entry.stage, $0) }
    #expect(Double(moved[0]) > 0.7 * Double(moved[1]))
  }

  private func loss(
    _ architecture: Architecture, _ stage: Int, _ parameters: [ParameterVector]
  ) throws -> Double {
    let trainer = try Trainer(network: architecture.network(stage: stage), batch: 32)
    var samples = source(architecture, batches: 2, seed: 9)
    return try trainer.evaluate(parameters, source: &samples).meanLoss ?? .nan
  }

  /// Trains the new block and its head for a few steps; how many of their scalars move.
  ///
  /// No two units that learn are alike.
  private func learns(
    _ architecture: Architecture, _ stage: Int, _ before: [ParameterVector]
  ) throws -> Int {
    let trainer = try Trainer(network: architecture.network(stage: stage), batch: 16)
    var (after, samples) = (before, source(architecture, batches: 5, seed: 11))
    var settings = TrainingSettings(learningRate: 0.05)
    settings.weightDecay = 0
    _ = try trainer.train(
      &after, trainable: [stage - 1, stage], source: &samples, settings: settings,
      random: RandomStream(seed: 1))
    var moved = 0
    for segment in [stage - 1, stage] {
      for (index, parameter) in after[segment].layout.parameters.enumerated() {
        let own = after[segment].tensor(index).scalars
        let first = before[segment].tensor(index).scalars
        moved += zip(own, first).count { $0 != $1 }
        guard parameter.role == .weight else { continue }
        let length = own.count / parameter.shape.dimensions[0]
        let rows = stride(from: 0, to: own.count, by: length).map { $0..<$0 + length }
          .filter { own[$0] != first[$0] }.map { Array(own[$0]) }
        #expect(Set(rows).count == rows.count, "\(parameter.name)")
      }
    }
    return moved
  }

  @Test func `depends on nothing but what is carried over and the stream`() throws {
    let architecture = try Zoo.architecture(named: "convnet-cifar")
    let before = architecture.initialize(stage: 1, random: RandomStream(seed: 1))
    func enter(_ seed: UInt64) throws -> [ParameterVector] {
      let made = try #require(
        architecture.continuation(stage: 2, from: before, random: RandomStream(seed: seed)))
      return [made.block, made.head]
    }
    #expect(try enter(3) == enter(3))
    let others = try zip(enter(3), enter(4)).map { $0 == $1 }
    #expect(others == [false, true])
    // The channels that nothing is carried in have the values that they usually have.
    let block = try enter(3)[0].tensor(0).scalars
    let usual = architecture.initialize(segment: 1, stage: 2, random: RandomStream(seed: 3))
    #expect(block.suffix(32 * 32 * 9) == usual.tensor(0).scalars.suffix(32 * 32 * 9))
    #expect(block.prefix(32 * 32 * 9).count { $0 != 0 } == 32)
  }

  @Test func `begins as usual where a layer can't pass on what the old head read`() throws {
    func convolution(_ outputs: Int) -> Layer {
      .convolution(ConvolutionLayer("conv", outputs: outputs, window: 3, padding: 1))
    }
    func enter(_ first: [Layer], _ second: [Layer], head: [Layer] = [.globalAveragePooling]) throws
      -> Bool
    {
      let linear = Layer.linear(LinearLayer("fc", outputs: 3))
      let architecture = try Architecture(
        name: "mine", input: [2, 6, 6], classes: 3,
        blocks: [Block("block1", first), Block("block2", second)],
        heads: [
          Block("head1", head + [linear]), Block("head2", [.globalAveragePooling, linear]),
        ])
      let before = architecture.initialize(stage: 1, random: RandomStream(seed: 1))
      return architecture.continuation(stage: 2, from: before, random: RandomStream(seed: 1)) != nil
    }
    let norm = Layer.normalization(NormalizationLayer("norm", .group(groups: 2)))
    let positive = [convolution(8), .relu]
    #expect(try enter(positive, positive))
    #expect(try enter([convolution(8)], [convolution(8)]))
    #expect(try !enter(positive, [convolution(6), .relu]), "too few channels")
    #expect(try !enter([convolution(8)], positive), "channels below 0 before a ReLU")
    #expect(try !enter(positive, positive, head: [.flatten]), "a head of positions")
    #expect(try !enter(positive, [convolution(8), norm]), "nothing known of the norm's input")
    #expect(try enter([convolution(8), norm, .relu], [convolution(16), norm, .relu]))
    #expect(
      try !enter([convolution(8), norm, .relu], [convolution(12), norm, .relu]), "a mixture")
    #expect(
      try !enter(positive, [.residual(body: [convolution(8), .relu], shortcut: [])]),
      "a body that would never learn")
    var narrow = ModelOptions()
    narrow.widths = [32, 31]
    let funnel = try Zoo.architecture(named: "mlp", options: narrow)
    let scalars = funnel.initialize(stage: 1, random: RandomStream(seed: 1))
    #expect(funnel.continuation(stage: 2, from: scalars, random: RandomStream(seed: 1)) == nil)
    let unet = try Zoo.architecture(named: "unet")
    let values = unet.initialize(stage: 1, random: RandomStream(seed: 1))
    #expect(unet.continuation(stage: 2, from: values, random: RandomStream(seed: 1)) == nil)
  }

  private func best(_ logits: [Double]) -> Int? {
    logits.indices.max { logits[$0] < logits[$1] }
  }

  /// Of all logits, each class's mean over the samples taken off.
  private func correlation(_ one: [[Double]], _ other: [[Double]]) -> Double {
    let (first, second) = (centred(one), centred(other))
    let product = { (a: [Double], b: [Double]) in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(first, second)
      / (product(first, first) * product(second, second)).squareRoot()
  }

  private func centred(_ logits: [[Double]]) -> [Double] {
    (0..<10).flatMap { index in
      let column = logits.map { $0[index] }
      let mean = column.reduce(0, +) / Double(column.count)
      return column.map { $0 - mean }
    }
  }
}
