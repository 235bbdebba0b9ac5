/// What a round does: its stage, and whether it is one of warm-up.
public struct Phase: Hashable, Sendable {
  /// The round, from 1.
  public let round: Int
  /// The stage, from 1: the sub-model M_s that is broadcast, trained and sent.
  public let stage: Int
  /// The round within the stage, from 1.
  public let roundInStage: Int
  /// Only the newest block E_s and its head G_s are trained.
  public let warmUp: Bool
  /// The round as the learning rate's schedule counts it, from 1: warm-up rounds don't count.
  public let learningRateRound: Int

  /// A phase of the given parts.
  public init(round: Int, stage: Int, roundInStage: Int, warmUp: Bool, learningRateRound: Int) {
    self.round = round
    self.stage = stage
    self.roundInStage = roundInStage
    self.warmUp = warmUp
    self.learningRateRound = learningRateRound
  }

  /// The model has just grown to this stage, or begun.
  public var isFirstOfStage: Bool { roundInStage == 1 }

  /// The segments of the stage's sub-model, in the order of the wire: blocks 1 to s, then head s.
  public var segments: [SegmentName] { SegmentName.all(stage: stage) }

  /// The segments that a client trains and sends which takes part with the sub-model of stage `depth`.
  ///
  /// In the order of the wire. Below the round's own stage these are the blocks up to `depth` that the round
  /// trains, none in warm-up, and head `depth`, for clients whose memory ends there.
  public func trainedSegments(depth: Int) -> [SegmentName] {
    precondition((1...stage).contains(depth), "depth \(depth) in stage \(stage)")
    return SegmentName.all(stage: depth).filter { trains($0) || $0 == .head(depth) }
  }

  /// Whether clients train `segment` in this round, send its update, and it is broadcast anew after it.
  public func trains(_ segment: SegmentName) -> Bool {
    switch segment {
    case .block(let index): warmUp ? index == stage : index <= stage
    case .head(let index): index == stage
    }
  }
}
