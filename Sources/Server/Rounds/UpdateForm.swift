package import Codecs
package import Federation
package import LocalTraining
package import Progressive
package import Tensors
import Topology
import Wire

/// The form of an update, which follows from the round and the stage that it was trained for.
package struct UpdateForm {
  /// The client's offer, and what it trained from.
  let submission: Submission
  /// The round for which it was trained.
  let phase: Phase
  /// The segments that it covers, in the order of the wire.
  package let layouts: [ParameterLayout]
  /// The codec of its segments.
  let codec: UpdateCodec
  /// The number of local steps that it is averaged by; 1 unless FedNova makes steps equal.
  let localSteps: Double
  /// The reach of the client's steps, ‖a‖₁ η, where the update tells its mean gradient; else nil.
  let reach: Double?

  /// The form of an update that was trained in `phase`.
  ///
  /// - Parameters:
  ///   - submission: The client's offer, its round and its stage.
  ///   - phase: The phase of the submission's round.
  ///   - workload: The model and the topology.
  ///   - rate: The learning rate in `phase`.
  package init(_ submission: Submission, in phase: Phase, of workload: Workload, rate: Double) {
    let topology = workload.topology
    self.submission = submission
    self.phase = phase
    layouts = workload.trainedLayouts(phase, depth: submission.stage)
    codec = topology.codecs.up(in: phase)
    localSteps = workload.localSteps(of: submission.offer)
    // Only an update of the whole sub-model moves control variates.
    let isCorrected = topology.training.correction == .scaffold && submission.stage == phase.stage
    reach =
      isCorrected
      ? topology.training.localSteps.reach(of: submission.offer.steps, rate: Float(rate)) : nil
  }
}

/// Decodes updates, and counts them: once on the way into the spool, and once when a round folds
/// them.
package struct UpdateDecoder {
  /// The number of updates that were decoded.
  package private(set) var count = 0

  /// A decoder that has decoded nothing.
  package init() {}

  /// The segments of an update, expanded and checked.
  ///
  /// - Throws: `CodecError` for bytes that aren't an update of this form.
  package mutating func decode(
    _ bytes: [UInt8], _ form: UpdateForm
  ) throws(CodecError) -> [CheckedSegment] {
    count += 1
    return try UpdateFraming.segments(of: bytes, covering: form.layouts, codec: form.codec)
  }
}

extension [CheckedSegment] {
  /// The norm over all values.
  ///
  /// - Throws: `CodecError`, never for segments that were checked.
  func norm() throws(CodecError) -> Double {
    var squares = 0.0
    for segment in self {
      for scalar in try segment.values().scalars { squares += Double(scalar) * Double(scalar) }
    }
    return squares.squareRoot()
  }
}
