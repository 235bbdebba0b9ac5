package import Codecs
import Federation
package import Measures
package import Progressive
package import Tensors

/// A maker of a broadcast's steps: of real bytes, of their sizes, or of the bytes that are
/// expected.
package protocol BroadcastSource<Sent> {
  /// A segment as it was sent.
  associatedtype Sent: SentSegment
  /// The reason why a step can't be made.
  associatedtype Failure: Error

  /// True if there is such a head of an earlier stage, or a control variate that ever moved.
  func has(_ name: SegmentName) -> Bool

  /// True if a segment that begins in `phase` has the values that its seed gives.
  func isFresh(_ name: SegmentName, in phase: Phase) -> Bool

  /// Makes a step.
  ///
  /// - Parameters:
  ///   - segment: The segment, or the control variate of one.
  ///   - step: The kind of step.
  ///   - phase: The round for which the step is made.
  /// - Returns: The segment as it is sent now.
  /// - Throws: The reason why the step can't be made.
  func send(
    _ segment: OutgoingSegment, by step: BroadcastStep<Sent>, in phase: Phase
  ) throws(Failure) -> Sent
}

/// A segment as it was sent: a keyframe, and the differences since.
package protocol SentSegment: Sendable {
  /// The round of the keyframe.
  var keyframeRound: Int { get }
  /// The number of differences since the keyframe.
  var differenceCount: Int { get }
  /// The bytes of these differences.
  var differenceSize: ByteCount { get }
}

/// A way for a segment to go down.
package enum BroadcastStep<Sent: SentSegment>: Sendable {
  /// The seed of its initial values.
  case initial
  /// All of its values.
  case keyframe
  /// The difference from what was sent before, as the plan says.
  case difference(DeltaPlan, after: Sent)
}

/// A segment that is to be sent in a round.
package struct OutgoingSegment: Sendable {
  /// The segment's name; a control variate's is that of the case.
  package let name: SegmentName
  /// The segment's place among those of the round, from which its codec's chance is drawn.
  package let index: Int
  /// The values in it.
  package let layout: ParameterLayout
  /// The differences that follow a keyframe; nil where each round has its own keyframe.
  package let deltas: DeltaPlan?

  /// The control variate of this segment.
  var controlVariate: OutgoingSegment {
    OutgoingSegment(
      name: name.control, index: index, layout: layout.controlVariate, deltas: deltas)
  }

  /// True if the last differences left something out that no later one makes up for.
  ///
  /// A segment that no round trains any more goes down whole, once.
  func lags(_ known: some SentSegment, in phase: Phase) -> Bool {
    known.differenceCount > 0 && phase.leaves(name)
  }

  /// The step by which a segment that has changed goes down.
  func step<Sent>(
    after known: Sent?, keyframes: UpdateCodec, in phase: Phase
  ) -> BroadcastStep<Sent> {
    guard let known, let deltas, !phase.leaves(name),
      !deltas.needsKeyframe(
        of: layout, by: keyframes, after: phase.round - known.keyframeRound,
        steps: known.differenceCount + 1, differences: known.differenceSize)
    else { return .keyframe }
    return .difference(deltas, after: known)
  }
}
