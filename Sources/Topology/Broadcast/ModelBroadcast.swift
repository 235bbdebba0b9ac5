import Codecs
import Federation
import Measures
package import Progressive
package import Tensors

/// The part of the model that goes down in a round, and the steps by which it does.
///
/// A segment begins with a keyframe, or with the seed of its initial values. From then on it goes
/// down whenever it has changed: by a difference, or by a keyframe where one is due. Beside the
/// segments go the control variates of those that the round trains, and the heads of earlier stages
/// for clients of little memory. Training, the cost model and the forecast all ask here; they
/// differ in the ``BroadcastSource``.
package struct ModelBroadcast: Sendable {
  private let codecs: CodecsSection
  /// The layouts of each stage's sub-model, in the order of the wire.
  private let layouts: [[ParameterLayout]]

  /// A broadcast of the sub-models with these layouts, one list for each stage.
  package init(_ codecs: CodecsSection, layouts: [[ParameterLayout]]) {
    self.codecs = codecs
    self.layouts = layouts
  }

  /// Sends what the round of `phase` needs and clients can't have.
  ///
  /// - Parameters:
  ///   - phase: The round.
  ///   - segments: The segments as they were sent so far.
  ///   - variates: The control variates as they were sent so far, by the segments that they
  ///     correct; nil where gradients aren't corrected.
  ///   - source: Makes the steps.
  /// - Returns: All that is announced in the round.
  /// - Throws: The source's error.
  package func prepare<Source: BroadcastSource>(
    _ phase: Phase, segments: inout SentSegments<Source.Sent>,
    variates: inout SentSegments<Source.Sent>?, from source: Source
  ) throws(Source.Failure) -> RoundBroadcast<Source.Sent> {
    let deltas = codecs.delta(in: phase)
    var round = RoundBroadcast<Source.Sent>(updateLimit: updateLimit(of: phase, depth: phase.stage))
    let outgoing = phase.segments.enumerated().map { index, name in
      OutgoingSegment(
        name: name, index: index, layout: layouts[phase.stage - 1][index], deltas: deltas)
    }
    for segment in outgoing {
      let sent = try segments.send(segment, as: segment.name, codecs, in: phase, from: source)
      round.segments.append((sent, phase.trains(segment.name)))
    }
    variates?.keep(phase.segments)
    for segment in outgoing where phase.trains(segment.name) && source.has(segment.name.control) {
      guard
        let sent = try variates?.send(
          segment.controlVariate, as: segment.name, codecs, in: phase, from: source)
      else { continue }
      round.variates.append(sent)
    }
    // Training end to end never had any other head than the last.
    for depth in 1..<phase.stage where !phase.heads.contains(depth) && source.has(.head(depth)) {
      guard let layout = layouts[depth - 1].last else { continue }
      let head = OutgoingSegment(
        name: .head(depth), index: depth, layout: layout, deltas: deltas)
      round.shallowHeads.append(
        try segments.send(head, as: head.name, codecs, in: phase, from: source))
      round.updateLimit = max(round.updateLimit, updateLimit(of: phase, depth: depth))
    }
    return round
  }

  /// The most bytes that an update of the sub-model of stage `depth` can have in `phase`.
  private func updateLimit(of phase: Phase, depth: Int) -> Int {
    let trained = Set(phase.trainedSegments(depth: depth).map(\.description))
    let codec = codecs.up(in: phase)
    return layouts[depth - 1].reduce(0) { sum, layout in
      guard trained.contains(layout.name) else { return sum }
      return sum + codec.maximumSize(of: layout).bytes + UpdateFraming.lengthBytes
    }
  }
}

/// The model of a round as it is announced.
package struct RoundBroadcast<Sent: SentSegment> {
  /// The segments in the order of the wire, and whether the round trains them.
  package fileprivate(set) var segments: [(sent: Sent, isTrained: Bool)] = []
  /// The control variates of the trained segments that ever moved, in the same order.
  package fileprivate(set) var variates: [Sent] = []
  /// The heads of earlier stages, in the order of these.
  package fileprivate(set) var shallowHeads: [Sent] = []
  /// The most bytes that an update of the round can have.
  package fileprivate(set) var updateLimit: Int
}

/// The segments of a model as they were sent, and those that have changed since.
package struct SentSegments<Sent: SentSegment>: Sendable {
  /// The reference of each segment: its state at the last step, which clients hold or can get.
  package var references: [SegmentName: Sent] = [:]
  /// The segments that have changed since.
  package var changed: Set<SegmentName> = []

  /// Segments of which nothing was sent.
  package init() {}

  /// Forgets all but these segments.
  fileprivate mutating func keep(_ names: [SegmentName]) {
    references = references.filter { names.contains($0.key) }
    changed.formIntersection(names)
  }

  /// Sends a segment, unless clients have it.
  fileprivate mutating func send<Source: BroadcastSource<Sent>>(
    _ segment: OutgoingSegment, as name: SegmentName, _ codecs: CodecsSection, in phase: Phase,
    from source: Source
  ) throws(Source.Failure) -> Sent {
    let known = references[name]
    let isSegment = segment.name.corrected == nil
    let step: BroadcastStep<Sent>
    if known == nil, isSegment, source.isFresh(segment.name, in: phase) {
      step = .initial
    } else if let known, !changed.contains(name), !segment.lags(known, in: phase) {
      return known
    } else {
      step = segment.step(after: known, keyframes: codecs.down, in: phase)
    }
    let next = try source.send(segment, by: step, in: phase)
    references[name] = next
    changed.remove(name)
    return next
  }
}
