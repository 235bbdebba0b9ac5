import Neural
public import Tensors

/// A model that the program doesn't compute: the tensors of its blocks and heads.
///
/// The model of stage s is blocks 1 … s and head s. Trainer programs compute it; broker and workers
/// send, average and grow it.
public struct ModelManifest: Hashable, Sendable {
  /// A block, the head behind it, and what training with both costs.
  public struct Stage: Hashable, Sendable {
    /// The tensors of the block, in the order of the wire.
    public var block: [Parameter]
    /// The tensors of the head, in the order of the wire.
    public var head: [Parameter]
    /// True if the block begins with the values of the one before.
    public var carriesBlock = false
    /// True if the head begins with the values of the one that it replaces.
    public var carriesHead = false
    /// The multiplications and additions of training the stage's model on one sample; nil where
    /// nobody knows.
    public var flops: Int?

    /// A stage of these tensors.
    public init(block: [Parameter], head: [Parameter]) {
      self.block = block
      self.head = head
    }
  }

  /// The model's name.
  public var name: String
  /// The stages in order, one at least.
  public var stages: [Stage]
  /// The number of classes that it tells apart; nil where there are none, or nobody said.
  public var classes: Int?
  /// The number of predictions for each sample.
  public var pointsPerSample = 1

  /// A model of these stages.
  public init(name: String, stages: [Stage]) {
    self.name = name
    self.stages = stages
  }

  /// The parameters of a stage's segments: blocks 1 … s, then head s.
  func layouts(stage: Int) -> [ParameterLayout] {
    stages.prefix(stage).enumerated().map {
      ParameterLayout(name: "block\($0 + 1)", parameters: $1.block)
    } + [ParameterLayout(name: "head\(stage)", parameters: stages[stage - 1].head)]
  }
}

extension ModelManifest {
  /// The manifest of an architecture, with all rules of first values written out.
  public init(_ architecture: Architecture) {
    let layouts = (1...architecture.stages).map { architecture.layouts(stage: $0) }
    self.init(
      name: architecture.name,
      stages: layouts.enumerated().map { index, segments in
        var stage = Stage(
          block: Self.explicit(segments[index]), head: Self.explicit(segments[index + 1]))
        stage.flops = architecture.subModel(stage: index + 1).trainingFLOPs
        stage.carriesBlock = index > 0 && architecture.carriesBlock(to: index + 1)
        stage.carriesHead = index > 0 && architecture.carriesHead(to: index + 1)
        return stage
      })
    classes = architecture.classes
    if let network = architecture.subModel(stage: 1).network {
      pointsPerSample = network.labelsPerSample
    }
  }

  /// The tensors of a segment, whose roles are those that matter to a broker.
  private static func explicit(_ layout: ParameterLayout) -> [Parameter] {
    var fanIn = 1
    return layout.parameters.map { parameter in
      if parameter.role == .weight {
        fanIn = parameter.shape.dimensions.dropFirst().reduce(1, *)
      }
      return Parameter(
        parameter.name, parameter.shape, role: parameter.role == .buffer ? .buffer : .weight,
        initial: parameter.rule(fanIn: fanIn))
    }
  }
}
