import Bytes
import Progressive
import Wire

/// What is announced in a round: the model of its stage, and the heads for clients of little memory.
///
/// A client capped at stage k below the round's trains blocks 1 to k with head k.
struct RoundModel: Hashable, Sendable {
  /// The stage of the round, from 1.
  let stage: Int
  /// The model's segments in order.
  let segments: [Segment]
  /// The heads of earlier stages, in the order of these.
  let shallowHeads: [Segment]
  /// All steps to the segments and heads.
  let steps: [Digest: ModelPatch]
  /// The model's name.
  let base: Digest
  /// The most bytes that an update can have.
  let updateLimit: Int
  /// The sub-models' stages, by the names of what updates must have been trained from.
  let stages: [Digest: Int]

  /// The prepared model of a stage, with those of the heads of earlier ones whose stages are in `depths`.
  init(stage: Int, _ prepared: PreparedModel, depths: Set<Int>) {
    self.stage = stage
    let segments = prepared.segments
    let heads = prepared.shallowHeads.filter { head in
      !depths.isDisjoint(with: Self.depths(of: [head]))
    }
    self.segments = segments
    shallowHeads = heads
    updateLimit = prepared.updateLimit
    let all = (segments + heads).flatMap(\.steps)
    steps = Dictionary(all.map { ($0.digest, $0) }) { first, _ in first }
    base = Segment.base(of: segments)
    var stages = [base: stage]
    for head in heads {
      guard case .head(let depth)? = SegmentName(head.name), depth < stage else { continue }
      stages[Segment.base(of: Array(segments.prefix(depth)) + [head])] = depth
    }
    self.stages = stages
  }

  /// All segments that clients may ask for.
  var all: [Segment] { segments + shallowHeads }

  /// The bytes of all steps.
  var bytes: Int { steps.values.reduce(0) { $0 + $1.length } }

  /// There is one way to each segment, the same for all, so that it is announced to all.
  var isListed: Bool { all.allSatisfy { $0.steps.count <= 1 } }

  /// The segments with the steps that a client with these states needs, and no others.
  func segments(from states: [UInt64]) -> [Segment] {
    segments.map { segment in
      var segment = segment
      segment.steps = segment.path(from: states) ?? segment.steps
      return segment
    }
  }

  /// The segments of the sub-model that clients train at `depth`.
  func segments(of depth: Int) -> [Segment] {
    guard depth < stage else { return segments }
    let heads = shallowHeads.filter { $0.name == SegmentName.head(depth).description }
    return Array(segments.prefix(depth)) + heads
  }

  /// The stage that a client trains whose memory allows `limit`, nil for any; nil if there is none for it.
  func stage(allowedBy limit: Int?) -> Int? {
    guard let limit, limit < stage else { return stage }
    return Self.depths(of: shallowHeads).last { $0 <= limit }
  }

  /// The stages of heads, in rising order.
  static func depths(of heads: [Segment]) -> [Int] {
    heads.compactMap { segment -> Int? in
      guard case .head(let depth)? = SegmentName(segment.name) else { return nil }
      return depth
    }.sorted()
  }
}
