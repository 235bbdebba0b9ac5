package import Bytes
import Progressive
package import Wire

/// The announced model of a round: that of its stage, and the heads for clients of little memory.
///
/// A client that is capped at stage k below the round's, or asked for no more, trains blocks 1 to k
/// with head k.
package struct RoundModel: Hashable, Sendable {
  /// The stage of the round, from 1.
  package let stage: Int
  /// The model's segments in order.
  package let segments: [Segment]
  /// The heads of earlier stages, in the order of these.
  package let shallowHeads: [Segment]
  /// All steps to the segments and heads.
  package let steps: [Digest: ModelPatch]
  /// The model's name.
  package let base: Digest
  /// The most bytes that an update can have.
  package let updateLimit: Int
  /// The sub-models' stages, by the names of what updates must have been trained from.
  package let stages: [Digest: Int]
  /// The stages of the sub-models below the round's own, in rising order.
  package let depths: [Int]

  /// The prepared model of a stage, with those of the heads of earlier ones whose stages are in
  /// `depths`.
  package init(stage: Int, _ prepared: PreparedModel, depths: Set<Int>) {
    self.stage = stage
    let segments = prepared.segments
    let heads = prepared.shallowHeads.filter { head in
      depths.contains { head.name == SegmentName.head($0).description }
    }
    self.segments = segments
    shallowHeads = heads
    updateLimit = prepared.updateLimit
    let all = (segments + heads).flatMap(\.steps)
    steps = Dictionary(all.map { ($0.digest, $0) }) { first, _ in first }
    base = Segment.base(of: segments)
    let parts = SubModels(stage: stage, segments: segments, shallowHeads: heads)
    var stages = [base: stage]
    self.depths = parts.stages
    for depth in parts.stages {
      if let part = parts.segments(of: depth) { stages[Segment.base(of: part)] = depth }
    }
    self.stages = stages
  }

  /// The prepared model with the heads of earlier stages that members need, as their memory ends
  /// there, or with all of them.
  package init(_ prepared: PreparedModel, for members: Members, ofAllDepths: Bool = false) {
    let available = prepared.parts.stages
    let depths =
      ofAllDepths
      ? available : members.limits.compactMap { limit in available.last { $0 <= limit } }
    self.init(stage: prepared.phase.stage, prepared, depths: Set(depths))
  }

  /// All segments that clients may ask for.
  package var all: [Segment] { segments + shallowHeads }

  /// The bytes of all steps.
  package var bytes: Int { steps.values.reduce(0) { $0 + $1.length } }

  /// There is one way to each segment, the same for all, so that it is announced to all.
  package var isListed: Bool { all.allSatisfy { $0.steps.count <= 1 } }

  /// The segments with the steps that a client with these states needs, and no others.
  package func segments(from states: [UInt64]) -> [Segment] {
    segments.map { segment in
      var segment = segment
      segment.steps = segment.path(from: states) ?? segment.steps
      return segment
    }
  }

  /// The invitations of the clients that an announcement asks, each with its way to the model from
  /// what it is known to hold.
  package func invitations(_ announcement: Message<Downlink>, _ members: Members) -> [BrokerAction]
  {
    guard case .announce(let announce) = announcement.body else { return [] }
    var invitation = announcement
    return announce.selected.map { client in
      var own = announce.asking(client)
      own.segments = segments(from: members[client]?.states ?? [])
      invitation.body = .announce(own)
      return invitation.addressed(to: client)
    }
  }

  /// The segments of the sub-model that clients train at `depth`.
  package func segments(of depth: Int) -> [Segment] {
    guard depth < stage else { return segments }
    let parts = SubModels(stage: stage, segments: segments, shallowHeads: shallowHeads)
    return parts.segments(of: depth) ?? Array(segments.prefix(depth))
  }

  /// The stage that a client trains whose memory allows `limit`, nil for any; nil if there is none
  /// for it.
  package func stage(allowedBy limit: Int?) -> Int? {
    guard let limit, limit < stage else { return stage }
    return depths.last { $0 <= limit }
  }
}

extension PreparedModel {
  /// The sub-models for clients that train less than the round's stage.
  package var parts: SubModels {
    SubModels(stage: phase.stage, segments: segments, shallowHeads: shallowHeads)
  }
}

/// The models of the rounds whose updates may count.
package struct RoundModels: Hashable, Sendable {
  private var byRound: [Int: RoundModel] = [:]
  /// The stage of the last round that opened; 0 before the first.
  private var stage = 0

  /// No models yet.
  package init() {}

  /// The model of a round, from 1; nil if its updates no longer count.
  package subscript(round: Int) -> RoundModel? { byRound[round] }

  /// Adds the model of a round that opens, and forgets those of rounds more than `staleness` before
  /// it.
  package mutating func add(_ model: RoundModel, of round: Int, staleness: Int) {
    byRound[round] = model
    byRound = byRound.filter { $0.key >= round - staleness }
    stage = model.stage
  }

  /// The header of messages to a client about the update that it works on.
  package func header(to client: Int, of work: ClientsAtWork, _ plan: BrokerPlan) -> Header {
    let round = work.origin(of: client) ?? work.round
    return plan.header(to: client, round: round, stage: byRound[round]?.stage ?? stage)
  }
}
