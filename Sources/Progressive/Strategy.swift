/// A way of training the model over the rounds.
///
/// Every strategy has as many steps as the model has blocks, S; step s is what the schedule calls
/// stage s.
public enum Strategy: String, Hashable, Sendable, Codable, CaseIterable {
  /// The model grows, and all of it is trained (Wang et al., “ProgFed”, ICML 2022).
  case progressive
  /// The full model from the first round on: FedAvg (McMahan et al., AISTATS 2017).
  case endToEnd = "end-to-end"
  /// The model grows, but only its newest block and head are trained; the older ones stay as they
  /// are.
  case layerwise
  /// The full model is there from the first round on; in step s only blocks 1 to s and the last
  /// head are trained.
  case partial
  /// The model grows, and the heads of all of its blocks supervise it.
  case mixed
  /// The full model is there from the first round on; from step s on, blocks 1 to s − 1 stay as
  /// they are.
  case freezing
  /// The full model from the first round on, of which most rounds train one block after the other
  /// (``PartCycle``).
  case fedPart = "fedpart"
  /// The full model from the first round on; in each round some blocks rest, and the server makes
  /// their last steps again (``Recycling``).
  case fedLUAR = "fedluar"

  /// True if the sub-model of step s has s blocks; else it is the full model in all steps.
  public var grows: Bool {
    switch self {
    case .progressive, .layerwise, .mixed: true
    case .endToEnd, .partial, .freezing, .fedPart, .fedLUAR: false
    }
  }

  /// True if a step after the first may begin with rounds that train only its new block and head.
  public var warmsUp: Bool {
    switch self {
    case .progressive, .layerwise, .partial, .mixed: true
    case .endToEnd, .freezing, .fedPart, .fedLUAR: false
    }
  }

  /// True if the heads of all blocks that there are supervise; else the last one does.
  public var usesAllHeads: Bool { self == .mixed }

  /// True if the first step trains most, and so gets the rounds that others give their last one.
  public var beginsWithMost: Bool { self == .freezing }

  /// True if there is but one step, the last, which has all rounds.
  public var isOneStep: Bool {
    switch self {
    case .endToEnd, .fedPart, .fedLUAR: true
    case .progressive, .layerwise, .partial, .mixed, .freezing: false
    }
  }

  /// True if rounds of the full model may train parts of it in turns.
  public var takesParts: Bool { revisitsBlocks || self == .fedPart }

  /// True if blocks may rest while the server makes their last steps again.
  public var recycles: Bool { revisitsBlocks || self == .fedLUAR }

  /// True if the model grows, and each stage trains the blocks of those before it as well.
  public var revisitsBlocks: Bool { grows && !leavesOlderBlocks }

  /// True if blocks before those that a step trains aren't trained any more.
  var leavesOlderBlocks: Bool {
    switch self {
    case .layerwise, .freezing: true
    case .progressive, .endToEnd, .partial, .mixed, .fedPart, .fedLUAR: false
    }
  }

  /// The blocks that step `step` of `stages` trains, both from 1.
  func trainedBlocks(step: Int, of stages: Int, warmUp: Bool) -> ClosedRange<Int> {
    switch self {
    case .layerwise: step...step
    case .progressive, .mixed, .partial: warmUp ? step...step : 1...step
    case .freezing: step...stages
    case .endToEnd, .fedPart, .fedLUAR: 1...stages
    }
  }
}
