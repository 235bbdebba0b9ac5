import Codecs
import Bytes
import Federation
import Measures
import Progressive
import Wire

/// The contents of models and updates, by name alone: digests without bytes.
struct SimulatedDigests {
  private let scenario: FaultScenario
  private let root: RandomStream
  /// True if rounds change the model though it is discarded, which breaks a promise.
  private let keepsUnsound: Bool

  init(_ scenario: FaultScenario, keepsUnsound: Bool = false) {
    self.scenario = scenario
    self.keepsUnsound = keepsUnsound
    root = RandomStream(seed: scenario.seed).stream("contents")
  }

  /// The model of a round: a segment is as it was after the last round that trained it and whose
  /// model wasn't discarded.
  func segments(round: Int) -> [Segment] {
    segments(of: scenario.schedule.phase(in: round), before: round)
  }

  /// The model of a round, as the broker hears that it is ready.
  func prepared(round: Int) -> PreparedModel {
    var model = PreparedModel(
      phase: scenario.schedule.phase(in: round), segments: segments(round: round),
      updateLimit: scenario.updateLimit, shallowHeads: shallowHeads(round: round))
    model.followsDiscarded = round > 1 && scenario.discards(round - 1)
    return model
  }

  /// The model that a round came to, as clients evaluate it.
  func evaluated(round: Int) -> PreparedModel {
    let phase = scenario.schedule.phase(in: round)
    return PreparedModel(
      phase: phase, segments: segments(of: phase, before: round + 1), updateLimit: 0,
      shallowHeads: phase.stage > 1 ? shallowHeads(round: round + 1) : [])
  }

  /// A client's scores of the model that a round came to.
  func scores(client: Int, round: Int) -> HoldOutScores {
    var stream = root.stream("scores", client, round)
    let samples = 1 + client
    return HoldOutScores(
      base: Segment.base(of: evaluated(round: round).segments), samples: samples,
      points: samples, correct: Int.random(in: 0...samples, using: &stream), loss: 1)
  }

  /// The sums over a client's samples, one value each.
  func sums(client: Int) -> SampleSums {
    let stream = root.stream("samples", client)
    let values = (0...client).map { Double(stream.value(at: UInt64($0)) % 1000) / 1000 }
    return SampleSums(
      samples: values.count, values: values.count, sums: [values.reduce(0, +)],
      squares: [values.reduce(0) { $0 + $1 * $1 }])
  }

  /// The normalization that is made of sums: their mean, so that the sums of other clients make
  /// another one.
  func normalization(of result: MeasuringResult) -> FederatedNormalization? {
    result.total.map { total in
      FederatedNormalization(
        means: total.sums.map { Float($0 / Double(total.values)) },
        deviations: total.sums.map { _ in 1 })
    }
  }

  private func segments(of phase: Phase, before round: Int) -> [Segment] {
    phase.segments.map { name in
      let index =
        switch name {
        case .block(let index): index - 1
        case .head(let index): index + 1
        case .control: preconditionFailure("\(name) is no part of a model")
        }
      let version = version(of: name, before: round)
      return Segment(
        name: name.description, state: state(index, version), trained: phase.trains(name),
        steps: steps(to: version, of: name, index))
    }
  }

  /// The last round before `round` that changed a segment; 0 if it is as it was made.
  private func version(of name: SegmentName, before round: Int) -> Int {
    var version = round - 1
    while version > 0, !changes(name, in: version) { version -= 1 }
    return version
  }

  /// True if a round leaves a segment otherwise than it was.
  private func changes(_ name: SegmentName, in round: Int) -> Bool {
    scenario.schedule.phase(in: round).trains(name) && (keepsUnsound || !scenario.discards(round))
  }

  /// The way from the last keyframe on.
  private func steps(to version: Int, of name: SegmentName, _ index: Int) -> [ModelPatch] {
    var versions = [version]
    while let first = versions.first, first % scenario.keyframeInterval != 0 {
      versions.insert(self.version(of: name, before: first), at: 0)
    }
    let keyframe = versions[0]
    let bytes = scenario.segmentBytes[index]
    var steps = [step(index, to: keyframe, from: nil, length: bytes)]
    if scenario.hasAnchor {
      guard version != keyframe else { return steps }
      return steps + [step(index, to: version, from: keyframe, length: 1 + bytes / 4)]
    }
    for (before, after) in zip(versions, versions.dropFirst()) {
      steps.append(step(index, to: after, from: before, length: 1 + bytes / 4))
    }
    return steps
  }

  private func step(_ index: Int, to version: Int, from base: Int?, length: Int) -> ModelPatch {
    ModelPatch(
      digest: digest(root.stream("step", index, version)), length: length, codec: .values(.dense32),
      from: base.map { state(index, $0).prefix }, to: state(index, version).prefix)
  }

  private func state(_ index: Int, _ version: Int) -> Digest {
    digest(root.stream("segment", index, version))
  }

  /// The head of the first stage as it is kept in a round of the second, for a client of little
  /// memory.
  func shallowHeads(round: Int) -> [Segment] {
    guard scenario.keepsHeads, scenario.schedule.phase(in: round).stage > 1 else { return [] }
    let state = digest(root.stream("shallow head", round))
    return [
      Segment(
        name: "head1", state: state, trained: true,
        steps: [
          ModelPatch(
            digest: digest(root.stream("shallow step", round)), length: scenario.segmentBytes[2],
            codec: .values(.dense32), from: nil, to: state.prefix)
        ])
    ]
  }

  /// The model from which updates of a round must have been trained, given the sub-model's stage.
  func base(round: Int, stage: Int) -> Digest {
    let segments = segments(round: round)
    guard stage < scenario.schedule.phase(in: round).stage else {
      return Segment.base(of: segments)
    }
    return Segment.base(of: Array(segments.prefix(stage)) + shallowHeads(round: round))
  }

  /// True if an update was trained from the sub-model as which it is decoded.
  func isTrained(as submission: Submission) -> Bool {
    let stages = 1...scenario.schedule.phase(in: submission.round).stage
    return stages.contains(submission.stage)
      && base(round: submission.round, stage: submission.stage) == submission.offer.base
  }

  /// The update of a client's attempt at a round: equal attempts give equal updates.
  func offer(client: Int, round: Int, attempt: Int, base: Digest) -> Offer {
    var stream = root.stream("update", client, round, attempt)
    let length = Int.random(in: 1...scenario.updateLimit, using: &stream)
    return Offer(
      length: length, digest: digest(stream), samples: 1 + client, base: base, loss: 1, steps: 1,
      skippedSteps: 0)
  }

  /// The digest of the plan, on which broker and workers must agree.
  var plan: Digest { digest(root.stream("plan")) }

  private func digest(_ stream: RandomStream) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for index: UInt64 in 0..<4 {
      bytes.append(littleEndian: stream.value(at: 1000 + index))
    }
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("32 bytes are a digest") }
    return digest
  }
}
