public import Neural
public import Tensors

/// A model that grows: S blocks E_1 … E_S and as many heads G_1 … G_S.
///
/// The sub-model of stage s is M_s = G_s ∘ E_s ∘ … ∘ E_1. Stages count from 1 to S. Its
/// segments are the blocks 1 … s, then the head, numbered from 0. Where all heads supervise, its
/// segments are the blocks 1 … s, then the heads 1 … s.
public struct Architecture: Sendable {
  /// The name by which it is asked for.
  public let name: String
  /// The shape of one sample, `[C, H, W]` or `[N]`; nil of a manifest's model.
  public let input: Shape?
  /// The number of classes that it tells apart; nil where a manifest doesn't tell.
  public let classes: Int?
  /// In which order blocks are applied.
  public let nesting: Nesting
  /// The objective that it is trained for; nil of a manifest's model.
  public let objective: Objective?
  /// The manifest of a model that trainer programs compute; nil for those that the program does.
  public let manifest: ModelManifest?
  /// True if each head of the program's own starts from the values of the one before, where both
  /// have the same parameters.
  private let carriesHeads: Bool
  /// The choices that it was made by, those that were left to it as well.
  public private(set) var options = ModelOptions()
  let blocks: [Block]
  let heads: [Block]
  private let subModels: [SubModel]
  /// The sub-models with all heads; empty where blocks lie in each other, and of a manifest's
  /// model.
  private let supervised: [SubModel]

  /// Blocks, a chain unless they lie in each other, with a head for each stage.
  ///
  /// - Parameters:
  ///   - name: The name by which it is asked for.
  ///   - input: The shape of one sample, `[C, H, W]` or `[N]`.
  ///   - classes: The number of classes that it tells apart.
  ///   - blocks: E_1 … E_S.
  ///   - heads: G_1 … G_S, the last one the full model's.
  ///   - nesting: In which order blocks are applied.
  ///   - objective: The objective of its training.
  ///   - carriesHead: True if each head starts from the values of the one before, not at random.
  /// - Throws: `ModelError.doesNotFit` for the first stage whose layers don't fit.
  public init(
    name: String, input: Shape, classes: Int, blocks: [Block], heads: [Block],
    nesting: Nesting = .outermostFirst, objective: Objective = .classes, carriesHead: Bool = false
  ) throws(ModelError) {
    precondition(
      !blocks.isEmpty && blocks.count == heads.count,
      "\(blocks.count) blocks with \(heads.count) heads")
    guard classes >= 2 else { throw .tooFewClasses(name: name, classes: classes) }
    let isChain = nesting == .outermostFirst && blocks.allSatisfy(\.returning.isEmpty)
    var (networks, supervised): ([Network], [Network]) = ([], [])
    for stage in 1...blocks.count {
      let own = Array(blocks.prefix(stage))
      do throws(NetworkError) {
        networks.append(
          try Network(
            input: input, classes: classes, blocks: own + [heads[stage - 1]], nesting: nesting,
            objective: objective))
        guard isChain else { continue }
        supervised.append(
          try Network(
            input: input, classes: classes, blocks: own, heads: Array(heads.prefix(stage)),
            objective: objective))
      } catch { throw .doesNotFit(name: name, stage: stage, error) }
    }
    self.name = name
    self.input = input
    self.classes = classes
    self.nesting = nesting
    self.objective = objective
    manifest = nil
    carriesHeads = carriesHead
    self.blocks = blocks
    self.heads = heads
    subModels = networks.map { SubModel($0) }
    self.supervised = supervised.map { SubModel($0) }
  }

  /// The model of a manifest, which trainer programs compute.
  public init(_ manifest: ModelManifest) {
    name = manifest.name
    input = nil
    classes = manifest.classes
    nesting = .outermostFirst
    objective = nil
    self.manifest = manifest
    carriesHeads = false
    (blocks, heads, supervised) = ([], [], [])
    subModels = manifest.stages.indices.map {
      SubModel(
        layouts: manifest.layouts(stage: $0 + 1), trainingFLOPs: manifest.stages[$0].flops)
    }
  }

  /// The number of stages, S.
  public var stages: Int { subModels.count }

  /// True if the head of a stage, from 2, starts from the values of the one that it replaces.
  ///
  /// It does where both have the same shapes.
  public func carriesHead(to stage: Int) -> Bool {
    manifest?.stages[stage - 1].carriesHead ?? carriesHeads
  }

  /// True if the block of a stage, from 2, starts from the values of the one before.
  public func carriesBlock(to stage: Int) -> Bool {
    manifest?.stages[stage - 1].carriesBlock ?? false
  }

  /// The same architecture, which was made by `options` and has as many stages as it has.
  func made(by options: ModelOptions) -> Architecture {
    var copy = self
    copy.options = options
    copy.options.stages = stages
    return copy
  }

  /// True if all heads can supervise together: every head reads its block's output on the way in.
  ///
  /// Where blocks lie in each other a sub-model's way back isn't a part of the larger one, so that
  /// its head has nothing to read there.
  public var supportsAllHeads: Bool { !supervised.isEmpty }

  /// The network of stage `stage`, from 1 to S, of a model that the program computes.
  ///
  /// - Parameters:
  ///   - stage: The stage.
  ///   - supervision: The heads that supervise; all only where `supportsAllHeads`.
  /// - Returns: The network of blocks 1 … s and head s, or heads 1 … s.
  public func network(stage: Int, supervision: Supervision = .newest) -> Network {
    guard let network = subModel(stage: stage, supervision: supervision).network else {
      preconditionFailure("the network of \(name), which trainer programs compute")
    }
    return network
  }

  /// The sub-model M_s of stage `stage`, from 1 to S.
  ///
  /// - Parameters:
  ///   - stage: The stage.
  ///   - supervision: The heads that supervise; all only where `supportsAllHeads`.
  /// - Returns: The sub-model of blocks 1 … s and head s, or heads 1 … s.
  public func subModel(stage: Int, supervision: Supervision = .newest) -> SubModel {
    precondition((1...stages).contains(stage), "stage \(stage) of \(stages)")
    switch supervision {
    case .newest: return subModels[stage - 1]
    case .all:
      precondition(supportsAllHeads, "all heads of \(name), whose blocks lie in each other")
      return supervised[stage - 1]
    }
  }

  /// The parameters of each segment of a stage: blocks 1 … s, then head s, or heads 1 … s.
  public func layouts(stage: Int, supervision: Supervision = .newest) -> [ParameterLayout] {
    subModel(stage: stage, supervision: supervision).layouts
  }

  /// The number of scalars of a stage's sub-model.
  public func parameterCount(stage: Int, supervision: Supervision = .newest) -> Int {
    subModel(stage: stage, supervision: supervision).parameterCount
  }

  /// The multiplications and additions of the sub-model's forward pass over one sample.
  public func forwardFLOPs(stage: Int) -> Int { subModel(stage: stage).forwardFLOPs }

  /// The multiplications and additions of a training step for one sample.
  ///
  /// - Parameters:
  ///   - stage: The stage, from 1 to S.
  ///   - trainable: The segments that are trained; nil for all.
  ///   - supervision: The heads that supervise.
  /// - Returns: The count, as `Network.trainingFLOPs(trainable:)` defines it.
  public func trainingFLOPs(
    stage: Int, trainable: Set<Int>? = nil, supervision: Supervision = .newest
  ) -> Int {
    let model = subModel(stage: stage, supervision: supervision)
    return model.trainingFLOPs(trainable: trainable ?? Set(model.layouts.indices))
  }
}

/// The heads by which a sub-model is trained.
public enum Supervision: Hashable, Sendable {
  /// The newest head alone, as in the paper.
  case newest
  /// All heads up to the newest one: the loss is the mean of theirs.
  case all
}
