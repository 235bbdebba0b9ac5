package import Bytes
package import Codecs
package import Federation
import LocalTraining
import Measures
import Models
package import Progressive
import Tensors
import Topology
import Wire

extension GlobalModel {
  /// Makes the model of the round of `phase` ready to go down.
  ///
  /// New segments get their values, and those that have changed are encoded. The heads of earlier
  /// stages stay, for clients whose memory ends there.
  ///
  /// - Returns: The model as it is announced, and the bytes of all steps to it.
  /// - Throws: `CodecError` if a value is no longer finite.
  package mutating func prepare(
    _ phase: Phase
  ) throws(CodecError) -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    let drawn = grow(to: phase.stage)
    controlVariates?.keep(workload.network(stage: phase.stage).layouts)
    var variates = controlVariates?.sent
    let round = try broadcast.prepare(
      phase, segments: &sent, variates: &variates, from: EncodingSource(model: self, drawn: drawn))
    if let variates { controlVariates?.sent = variates }
    let references = round.segments.map(\.sent) + round.variates + round.shallowHeads
    let steps = references.flatMap(\.steps).map { ($0.step.digest, $0.buffer) }
    let model = PreparedModel(
      phase: phase,
      segments: round.segments.map { $0.segment(trained: $1) }
        + round.variates.map { $0.segment(trained: false) },
      updateLimit: round.updateLimit,
      shallowHeads: round.shallowHeads.map { $0.segment(trained: true) })
    return (model, Dictionary(steps) { _, last in last })
  }

  /// Makes the model after the round of `phase` ready for clients that evaluate it.
  ///
  /// It goes down by the steps of the next round of the same stage: whoever trains in that has it
  /// already, and the round is as it would be without the evaluation.
  ///
  /// - Returns: The model as it is announced, of which nothing is trained, and the bytes of all
  ///   steps to it.
  /// - Throws: `CodecError` if a value is no longer finite.
  package mutating func prepareEvaluation(
    of phase: Phase
  ) throws(CodecError) -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    var variates: SentSegments<BroadcastReference>?
    let round = try broadcast.prepare(
      phase.followedInStage, segments: &sent, variates: &variates,
      from: EncodingSource(model: self, drawn: []))
    let references = round.segments.map(\.sent) + round.shallowHeads
    let steps = references.flatMap(\.steps).map { ($0.step.digest, $0.buffer) }
    let model = PreparedModel(
      phase: phase, segments: round.segments.map { $0.sent.segment(trained: false) },
      updateLimit: 0, shallowHeads: round.shallowHeads.map { $0.segment(trained: false) })
    return (model, Dictionary(steps) { _, last in last })
  }
}

/// Makes the steps of a broadcast by encoding the model's values.
private struct EncodingSource: BroadcastSource {
  /// The model before the round.
  let model: GlobalModel
  /// The segments that have just drawn their values from the seed.
  let drawn: Set<SegmentName>

  func has(_ name: SegmentName) -> Bool { values(of: name) != nil }

  func isFresh(_ name: SegmentName, in phase: Phase) -> Bool {
    model.workload.topology.codecs.tellsSeeds && drawn.contains(name)
  }

  func send(
    _ segment: OutgoingSegment, by step: BroadcastStep<BroadcastReference>, in phase: Phase
  ) throws(CodecError) -> BroadcastReference {
    guard let values = values(of: segment.name) else {
      preconditionFailure("\(segment.name) has no values")
    }
    let isVariate = segment.name.corrected != nil
    let key = RandomStream(seed: model.seed)
      .stream(isVariate ? "control codec" : "model codec", phase.round, segment.index).key
    switch step {
    case .initial:
      return BroadcastReference(
        fresh: model.fresh(segment.layout, stage: phase.stage), values, round: phase.round,
        plan: segment.deltas)
    case .keyframe:
      return try BroadcastReference(
        keyframe: values, codec: model.workload.topology.codecs.down, round: phase.round, key: key,
        plan: segment.deltas, keepsValues: isVariate)
    case .difference(let plan, after: var reference):
      try reference.advance(towards: values, codec: plan.codec, key: key)
      return reference
    }
  }

  private func values(of name: SegmentName) -> ParameterVector? {
    guard let segment = name.corrected else { return model.values[name] }
    return model.controlVariates?.server.values[segment]
  }
}
