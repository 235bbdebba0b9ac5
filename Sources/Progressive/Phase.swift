/// The work of a round: its sub-model, and the parts of it that are trained.
public struct Phase: Hashable, Sendable {
  /// The round, from 1.
  public let round: Int
  /// The stage, from 1: the sub-model M_s that is broadcast, trained and sent.
  public let stage: Int
  /// The step of the strategy, from 1: the stage where the model grows.
  public let step: Int
  /// The round within the step, from 1.
  public let roundInStep: Int
  /// Only the newest block E_s and its head G_s are trained.
  public let warmUp: Bool
  /// The round as the learning rate's schedule counts it, from 1: warm-up rounds don't count.
  public let learningRateRound: Int
  /// The number of rounds of the learning rate's schedule.
  public let learningRateRounds: Int
  /// The factor of the learning rate of the newest block and head, in (0, 1].
  public let newBlockRate: Double
  /// The block whose turn it is to be trained alone; nil where the round trains all that it has.
  public let part: Int?
  /// The blocks that rest in this round, while the server makes their last steps again.
  public private(set) var resting: Set<Int> = []
  /// The blocks that are trained.
  public let blocks: ClosedRange<Int>
  /// The heads that there are; more than the newest only where all of them supervise.
  public let heads: ClosedRange<Int>
  /// Says what is new in the step, and what is left for good.
  private let strategy: Strategy

  /// A phase of the given parts.
  ///
  /// - Parameters:
  ///   - round: The round, from 1.
  ///   - stage: The sub-model, from 1.
  ///   - roundInStep: The round within the step, from 1.
  ///   - warmUp: True if only the new block and head are trained.
  ///   - learningRateRound: The round as the learning rate's schedule counts it.
  ///   - learningRateRounds: The number of rounds of that schedule.
  ///   - strategy: Says what is trained.
  ///   - step: The strategy's step, from 1; nil for the stage.
  ///   - newBlockRate: The factor of the learning rate of the newest block and head.
  ///   - part: The block that is trained alone, from 1; nil for all.
  public init(
    round: Int, stage: Int, roundInStep: Int, warmUp: Bool, learningRateRound: Int,
    learningRateRounds: Int, strategy: Strategy = .progressive, step: Int? = nil,
    newBlockRate: Double = 1, part: Int? = nil
  ) {
    self.round = round
    self.stage = stage
    self.step = step ?? stage
    self.roundInStep = roundInStep
    self.warmUp = warmUp
    self.learningRateRound = learningRateRound
    self.learningRateRounds = learningRateRounds
    self.newBlockRate = newBlockRate
    self.part = part
    blocks =
      part.map { $0...$0 } ?? strategy.trainedBlocks(step: self.step, of: stage, warmUp: warmUp)
    heads = strategy.usesAllHeads ? 1...stage : stage...stage
    self.strategy = strategy
  }

  /// The same phase, in which these blocks rest.
  func resting(_ blocks: Set<Int>) -> Phase {
    var copy = self
    copy.resting = blocks
    return copy
  }

  /// The round after this one, of the same step, whether or not there is one.
  public var followedInStage: Phase {
    Phase(
      round: round + 1, stage: stage, roundInStep: roundInStep + 1, warmUp: warmUp,
      learningRateRound: learningRateRound, learningRateRounds: learningRateRounds,
      strategy: strategy, step: step, newBlockRate: newBlockRate, part: part)
  }

  /// The step has just begun, where the model grows.
  public var isFirstOfStep: Bool { roundInStep == 1 }

  /// The segments of the stage's sub-model, in the order of the wire: its blocks, then its heads.
  public var segments: [SegmentName] {
    (1...stage).map { .block($0) } + heads.map { .head($0) }
  }

  /// The segments that a client trains and sends which takes part with the sub-model of stage
  /// `depth`.
  ///
  /// In the order of the wire. Below the round's own stage these are the blocks up to `depth` that
  /// the round trains, none in warm-up, and head `depth`, for clients whose memory ends there.
  public func trainedSegments(depth: Int) -> [SegmentName] {
    precondition((1...stage).contains(depth), "depth \(depth) in stage \(stage)")
    guard depth < stage else { return segments.filter(trains) }
    let heads = heads.lowerBound < depth ? heads.lowerBound...depth : depth...depth
    return ((1...depth).map { .block($0) } + heads.map { .head($0) })
      .filter { trains($0) || $0 == .head(depth) }
  }

  /// The factor of the learning rate of `segment`, in (0, 1]: less than 1 for a new block or head.
  public func rateFactor(of segment: SegmentName) -> Double {
    let isNew =
      segment == .block(blocks.upperBound) || strategy.grows && segment == .head(heads.upperBound)
    return isNew ? newBlockRate : 1
  }

  /// The blocks that are trained where others wait for their turns; nil where none does.
  public var fewerBlocks: [Int]? {
    part.map { [$0] } ?? (resting.isEmpty ? nil : blocks.filter { !resting.contains($0) })
  }

  /// True if `segment` is one of the model's that no later round trains.
  public func leaves(_ segment: SegmentName) -> Bool {
    guard strategy.leavesOlderBlocks, case .block(let index) = segment else { return false }
    return index < blocks.lowerBound
  }

  /// True if clients train `segment` in this round and send its update.
  public func trains(_ segment: SegmentName) -> Bool {
    switch segment {
    case .block(let index): blocks.contains(index) && !resting.contains(index)
    case .head(let index): warmUp ? index == stage : heads.contains(index)
    case .control: false
    }
  }
}
