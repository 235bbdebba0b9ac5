import Progressive
package import Wire

/// The sub-models of an announced model below its own stage, for clients that train no more.
///
/// Their heads are announced beside the model, each for the sub-model that ends with it. Where all
/// heads supervise, they are in the model, and a sub-model has all heads up to its own.
package struct SubModels {
  /// The stage of the model, from 1.
  let stage: Int
  /// The model's segments in order.
  let segments: [Segment]
  /// The heads of earlier stages that are announced beside them.
  let shallowHeads: [Segment]

  /// The sub-models of a model of `stage`, which has `segments`, with `shallowHeads` beside it.
  package init(stage: Int, segments: [Segment], shallowHeads: [Segment]) {
    self.stage = stage
    self.segments = segments
    self.shallowHeads = shallowHeads
  }

  /// The stages of the sub-models, in rising order.
  package var stages: [Int] { Set((supervised + shallowHeads).compactMap(own)).sorted() }

  /// The model's segments where all heads supervise: its own head is among them.
  private var supervised: [Segment] {
    segments.contains { SegmentName($0.name) == .head(stage) } ? segments : []
  }

  /// The segments of the sub-model of `depth`, in the order of the wire; nil if there is none.
  package func segments(of depth: Int) -> [Segment]? {
    let blocks = segments.prefix(depth)
    if let head = shallowHeads.first(where: { own($0) == depth }) { return blocks + [head] }
    var heads = supervised.filter { (own($0) ?? .max) <= depth }
    guard let last = heads.last, own(last) == depth else { return nil }
    // Its last head is trained by those whose model ends there, even in warm-up.
    heads[heads.count - 1].trained = true
    return blocks + heads
  }

  /// The stage below the model's own of which a segment is the head; nil for all else.
  private func own(_ segment: Segment) -> Int? {
    guard case .head(let depth)? = SegmentName(segment.name), depth < stage else { return nil }
    return depth
  }
}
