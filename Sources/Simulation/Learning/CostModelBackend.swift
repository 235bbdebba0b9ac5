import Bytes
import Codecs
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Models
import Neural
import Progressive
import Server
import Synchronization
import Tensors
import Topology
import Wire

/// The model as a matter of bytes and time alone: nothing is trained, and sizes are the codecs'
/// own.
///
/// For fleets too large to train: protocol, time and traffic are those of a run whose updates are
/// all usable.
final class CostModelBackend: LearningBackend {
  private let topology: Topology
  private let plan: BrokerPlan
  private let ledger: RunStore
  private let observer: any RunObserver
  private let samplesPerClient: Int
  private let layouts: [[ParameterLayout]]
  private let broadcast: ModelBroadcast
  private var segments = SentSegments<SizedSegment>()
  /// The control variates, by the segments that they correct; nil without SCAFFOLD.
  private var variates: SentSegments<SizedSegment>?
  /// The rounds before which each segment changed last.
  private var versions: [SegmentName: Int] = [:]
  /// The last round that was booked; 0 before the first.
  private var last = 0

  /// A backend that books into `ledger`.
  ///
  /// - Parameters:
  ///   - topology: The topology that is run.
  ///   - plan: The broker's plan.
  ///   - samplesPerClient: The number of samples of each client.
  ///   - ledger: The ledger in which rounds are booked.
  ///   - observer: Is told of rounds.
  init(
    topology: Topology, plan: BrokerPlan, samplesPerClient: Int, ledger: RunStore,
    observer: any RunObserver
  ) {
    self.topology = topology
    self.plan = plan
    self.samplesPerClient = samplesPerClient
    self.ledger = ledger
    self.observer = observer
    layouts = (1...topology.architecture.stages).map { topology.layouts(stage: $0) }
    broadcast = ModelBroadcast(topology.codecs, layouts: layouts)
    if topology.training.correction == .scaffold { variates = SentSegments() }
  }

  func samples(of client: Int) -> Int { samplesPerClient }

  func prepare(round: Int) throws -> PreparedModel {
    let phase = plan.schedule.phase(in: round)
    let source = SizeSource(
      run: plan.run, topology: topology, versions: versions, sent: Set(segments.references.keys))
    let round = broadcast.prepare(phase, segments: &segments, variates: &variates, from: source)
    return PreparedModel(
      phase: phase,
      segments: round.segments.map { $0.segment(trained: $1) }
        + round.variates.map { $0.segment(trained: false) },
      updateLimit: round.updateLimit,
      shallowHeads: round.shallowHeads.map { $0.segment(trained: true) })
  }

  func begin(_ task: ClientTask, client: Int, isLikely: Bool) throws -> any PendingUpdate {
    let codec = topology.codecs.up(announced: task.updateCodec)
    var length = 0
    for (segment, layout) in zip(task.segments, layouts[task.stage - 1]) where segment.trained {
      length += codec.expectedSize(of: layout).bytes + UpdateFraming.lengthBytes
    }
    let samples = samplesPerClient
    let steps = (samples + topology.training.batch - 1) / topology.training.batch
    return KnownUpdate(
      offer: Offer(
        length: length, digest: Digest(of: Data("\(client) \(task.round)".utf8)),
        samples: samples.told(by: topology.rules.sampleUnit), base: task.base, loss: 0,
        steps: steps * topology.training.epochs,
        skippedSteps: 0))
  }

  func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) throws -> StoreResult {
    .accepted
  }

  func keep(
    _ update: ClientUpdate, of client: Int, as mark: CountedUpdate, after base: CountedUpdate?
  ) {}

  func prepareEvaluation(round: Int) throws -> PreparedModel {
    let phase = plan.schedule.phase(in: round)
    let source = SizeSource(
      run: plan.run, topology: topology, versions: versions, sent: Set(segments.references.keys))
    var variates: SentSegments<SizedSegment>?
    let sent = broadcast.prepare(
      phase.followedInStage, segments: &segments, variates: &variates, from: source)
    return PreparedModel(
      phase: phase, segments: sent.segments.map { $0.sent.segment(trained: false) },
      updateLimit: 0, shallowHeads: sent.shallowHeads.map { $0.segment(trained: false) })
  }

  func beginEvaluation(_ task: ClientTask, client: Int) -> any PendingScores {
    KnownScores(task: task, samples: samplesPerClient, rules: plan.evaluation)
  }

  func heldOut(of client: Int) -> Int { samplesPerClient }

  /// Books the bytes; nothing was right or wrong.
  func conclude(_ evaluation: ClosedEvaluation) throws {
    try ledger.add(evaluation.book, to: evaluation.result.round)
  }

  /// Sums as long as true ones.
  func sums(of client: Int) -> LocalSums {
    let input = topology.data.facts.input
    let channels = input.dimensions[0]
    let values = samplesPerClient * (input.count / channels)
    let numbers = Array(repeating: Double(values), count: channels)
    return .measured(
      SampleSums(samples: samplesPerClient, values: values, sums: numbers, squares: numbers))
  }

  /// The normalization of these sums, which nobody needs.
  func normalize(_ result: MeasuringResult) throws -> FederatedNormalization {
    guard let made = result.normalization else { throw LackingSums() }
    return made
  }

  var isReplaying: Bool { false }

  func suspend() {}

  func close(_ round: ClosedRound) throws {
    let phase = plan.schedule.phase(in: round.result.round)
    for (_, submission) in round.result.accepted {
      let origin = plan.schedule.phase(in: submission.round)
      for name in origin.trainedSegments(depth: submission.stage)
      where segments.references[name] != nil {
        versions[name] = phase.round + 1
        segments.changed.insert(name)
        variates?.changed.insert(name)
      }
    }
    var record = RoundRecord(round.result, phase: phase, epochs: topology.training.epochs)
    record.timing = round.timing
    record[.learningRate] = plan.learningRate(in: phase)
    let network = topology.subModel(stage: phase.stage)
    let trained = phase.segments.indices.filter { phase.trains(phase.segments[$0]) }
    record.flopsPerSample = Double(network.trainingFLOPs(trainable: Set(trained)))
    try ledger.append(record, book: round.book)
    last = record.round
    observer.closed(
      RunProgress(
        record: record, rounds: plan.schedule.totalRounds, stages: plan.schedule.stages,
        accuracy: nil, total: round.total, elapsed: round.elapsed))
  }

  func finish(state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration) throws {
    if last > 0 { try ledger.add(book, to: last) }
    try ledger.finish(FinalRecord(state: state, elapsed: elapsed, wallClock: wallClock))
  }
}

/// An update that needs no training.
private struct KnownUpdate: PendingUpdate {
  let offer: Offer

  func begin() {}
  func outcome() -> TrainingResult { .trained(offer, ClientUpdate(length: offer.length)) }
  func cancel() {}
}

/// Scores that need no evaluation, as long as true ones.
private struct KnownScores: PendingScores {
  let task: ClientTask
  let samples: Int
  let rules: EvaluationRules?

  func outcome() -> LocalScores {
    let (classes, points) = (rules?.classes ?? 1, rules?.pointsPerSample ?? 1)
    let count = samples * points
    var scores = HoldOutScores(
      base: task.base, samples: samples, points: count, correct: count, loss: 0)
    if rules?.countsConfusion == true {
      scores.confusion = [count] + Array(repeating: 0, count: classes * classes - 1)
    } else if rules?.tellsClasses == true {
      let all = HoldOutScores.ClassScore(samples: count, correct: count)
      scores.classes =
        [all] + Array(repeating: .init(samples: 0, correct: 0), count: classes - 1)
    }
    return .scored(scores)
  }

  func cancel() {}
}

/// A segment of which only the size is known: each step is a keyframe.
private struct SizedSegment: SentSegment {
  let keyframeRound: Int
  let differenceCount = 0
  let differenceSize = ByteCount.zero
  /// Names the version of the segment that the keyframe leads to.
  let state: Digest
  /// The keyframe.
  let step: ModelPatch
  /// The segment's name on the wire.
  let name: String

  /// The segment as it is announced.
  func segment(trained: Bool) -> Segment {
    Segment(name: name, state: state, trained: trained, steps: [step])
  }
}

/// Makes keyframes out of the sizes that are to be expected, and names them by run, segment and
/// version.
private struct SizeSource: BroadcastSource {
  let run: UInt64
  let topology: Topology
  /// The rounds before which each segment changed last.
  let versions: [SegmentName: Int]
  /// The segments that were sent so far.
  let sent: Set<SegmentName>

  /// True for the heads of a growing model, and for control variates of segments that have changed.
  func has(_ name: SegmentName) -> Bool {
    guard let segment = name.corrected else {
      return topology.strategy.grows || sent.contains(name)
    }
    return versions[segment] != nil
  }

  func isFresh(_ name: SegmentName, in phase: Phase) -> Bool {
    topology.tellsSeed(of: name, in: phase)
  }

  func send(
    _ segment: OutgoingSegment, by step: BroadcastStep<SizedSegment>, in phase: Phase
  ) -> SizedSegment {
    let codec = topology.codecs.down
    let version = versions[segment.name.corrected ?? segment.name] ?? phase.round
    let state = Digest(of: Data("\(run) \(segment.layout.name) \(version)".utf8))
    let size: Int
    let patch: PatchCodec
    switch step {
    case .initial: (size, patch) = (FreshValues.byteCount, .initial)
    case .keyframe, .difference:
      // Deltas aren't played: a run with them is refused.
      (size, patch) = (codec.expectedSize(of: segment.layout).bytes, .values(codec.spec))
    }
    return SizedSegment(
      keyframeRound: phase.round, state: state,
      step: ModelPatch(
        digest: state, length: size, codec: patch, from: nil, to: state.prefix),
      name: segment.layout.name)
  }
}
