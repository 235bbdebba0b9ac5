public import Neural
public import Tensors

/// A model that grows: S blocks E_1 … E_S and as many heads G_1 … G_S.
///
/// The sub-model of stage s is M_s = G_s ∘ E_s ∘ … ∘ E_1. Stages count from 1 to S. Its segments are
/// the blocks 1 … s, then the head, numbered from 0.
public struct Architecture: Sendable {
  /// The name by which it is asked for.
  public let name: String
  /// The shape of one sample, `[C, H, W]`.
  public let input: Shape
  /// How many classes it tells apart.
  public let classes: Int
  /// In which order blocks are applied.
  public let nesting: Nesting
  /// What it is trained for.
  public let objective: Objective
  /// Whether each head starts from the values of the one before, where both have the same parameters.
  public let carriesHead: Bool
  private let networks: [Network]

  /// Blocks, a chain unless they lie in each other, with a head for each stage.
  ///
  /// - Parameters:
  ///   - name: The name by which it is asked for.
  ///   - input: The shape of one sample, `[C, H, W]`.
  ///   - classes: How many classes it tells apart.
  ///   - blocks: E_1 … E_S.
  ///   - heads: G_1 … G_S, the last one the full model's.
  ///   - nesting: In which order blocks are applied.
  ///   - objective: What it is trained for.
  ///   - carriesHead: Whether each head starts from the values of the one before; else at random.
  /// - Throws: `ModelError.doesNotFit` for the first stage whose layers don't fit.
  public init(
    name: String, input: Shape, classes: Int, blocks: [Block], heads: [Block],
    nesting: Nesting = .outermostFirst, objective: Objective = .classes, carriesHead: Bool = false
  ) throws(ModelError) {
    precondition(
      !blocks.isEmpty && blocks.count == heads.count,
      "\(blocks.count) blocks with \(heads.count) heads")
    guard classes >= 2 else { throw .tooFewClasses(name: name, classes: classes) }
    var networks: [Network] = []
    for stage in 1...blocks.count {
      do throws(NetworkError) {
        networks.append(
          try Network(
            input: input, classes: classes,
            blocks: Array(blocks.prefix(stage)) + [heads[stage - 1]], nesting: nesting,
            objective: objective))
      } catch { throw .doesNotFit(name: name, stage: stage, error) }
    }
    self.name = name
    self.input = input
    self.classes = classes
    self.nesting = nesting
    self.objective = objective
    self.carriesHead = carriesHead
    self.networks = networks
  }

  /// The number of stages, S.
  public var stages: Int { networks.count }

  /// The sub-model M_s of stage `stage`, from 1 to S.
  public func network(stage: Int) -> Network {
    precondition((1...stages).contains(stage), "stage \(stage) of \(stages)")
    return networks[stage - 1]
  }

  /// The parameters of each segment of a stage: blocks 1 … s, then head s.
  public func layouts(stage: Int) -> [ParameterLayout] { network(stage: stage).layouts }

  /// How many scalars the sub-model of a stage holds.
  public func parameterCount(stage: Int) -> Int { network(stage: stage).parameterCount }

  /// The multiplications and additions of the sub-model's forward pass over one sample.
  public func forwardFLOPs(stage: Int) -> Int { network(stage: stage).forwardFLOPs }

  /// The multiplications and additions of a training step for one sample.
  ///
  /// - Parameters:
  ///   - stage: The stage, from 1 to S.
  ///   - trainable: The segments that are trained; nil for all.
  /// - Returns: The count, as `Network.trainingFLOPs(trainable:)` defines it.
  public func trainingFLOPs(stage: Int, trainable: Set<Int>? = nil) -> Int {
    let network = network(stage: stage)
    return network.trainingFLOPs(trainable: trainable ?? Set(network.layouts.indices))
  }
}
