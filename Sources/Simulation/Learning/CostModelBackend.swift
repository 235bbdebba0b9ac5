import Bytes
import Codecs
import Federation
import Foundation
import Ledger
import Measures
import Models
import Neural
import Progressive
import Server
import Synchronization
import Tensors
import Topology
import Wire

/// The model as a matter of bytes and time alone: nothing is trained, and sizes are the codecs' own.
///
/// For fleets too large to train: protocol, time and traffic are those of a run whose updates are all usable.
final class CostModelBackend: LearningBackend {
  private let topology: Topology
  private let plan: BrokerPlan
  private let ledger: RunStore
  private let observer: any RunObserver
  private let samplesPerClient: Int
  private let layouts: [[ParameterLayout]]
  /// The last round that was booked; 0 before the first.
  private var last = 0
  /// The segments' versions: the round before which each was changed last.
  private var versions: [SegmentName: Int] = [:]
  /// The segments that are told by a seed as long as nothing has changed them, by their names.
  private var told: Set<String> = []
  /// The versions of the segments' control variates, as far as they have ever moved.
  private var controlVersions: [SegmentName: Int] = [:]

  /// A desk that books into `ledger`.
  ///
  /// - Parameters:
  ///   - topology: What is run.
  ///   - plan: What the broker runs.
  ///   - samplesPerClient: What each client has.
  ///   - ledger: Where rounds are booked.
  ///   - observer: Who watches.
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
  }

  func samples(of client: Int) -> Int { samplesPerClient }

  func prepare(round: Int) throws -> PreparedModel {
    let phase = plan.schedule.phase(in: round)
    let segments = zip(phase.segments, layouts[phase.stage - 1]).map { name, layout in
      segment(name, layout, of: phase, isTrained: phase.trains(name))
    }
    // Those of earlier stages, as far as there ever were rounds of them.
    let depths = (1..<phase.stage)
      .filter { versions[.head($0)] != nil && !phase.heads.contains($0) }
    let heads = depths.compactMap { depth in
      layouts[depth - 1].last.map { segment(.head(depth), $0, of: phase, isTrained: true) }
    }
    return PreparedModel(
      phase: phase, segments: segments + controlVariates(of: phase),
      updateLimit: (depths + [phase.stage]).map { limit(of: phase, depth: $0) }.max() ?? 0,
      shallowHeads: heads)
  }

  private func segment(
    _ name: SegmentName, _ layout: ParameterLayout, of phase: Phase, isTrained: Bool
  ) -> Segment {
    let version = versions[name] ?? phase.round
    if versions[name] == nil, topology.tellsSeed(of: name, in: phase) { told.insert(layout.name) }
    versions[name] = version
    return segment(layout, version: version, isTrained: isTrained)
  }

  /// The control variates of the segments that `phase` trains, as far as they have ever moved.
  private func controlVariates(of phase: Phase) -> [Segment] {
    zip(phase.segments, layouts[phase.stage - 1]).compactMap { name, layout in
      guard phase.trains(name), let version = controlVersions[name] else { return nil }
      return segment(layout.controlVariate, version: version, isTrained: false)
    }
  }

  private func segment(_ layout: ParameterLayout, version: Int, isTrained: Bool) -> Segment {
    let codec = topology.codecs.down
    let isTold = told.contains(layout.name)
    let state = Digest(of: Data("\(plan.run) \(layout.name) \(version)".utf8))
    let step = ModelPatch(
      digest: state,
      length: isTold ? FreshValues.byteCount : codec.expectedSize(of: layout).bytes,
      codec: isTold ? .initial : .values(codec.spec), from: nil, to: state.prefix)
    return Segment(name: layout.name, state: state, trained: isTrained, steps: [step])
  }

  /// The most bytes that an update of the sub-model of stage `depth` can have in `phase`.
  private func limit(of phase: Phase, depth: Int) -> Int {
    let trained = Set(phase.trainedSegments(depth: depth))
    return layouts[depth - 1]
      .filter { layout in SegmentName(layout.name).map(trained.contains) ?? false }
      .reduce(0) { sum, layout in
        sum + topology.codecs.up(in: phase).maximumSize(of: layout).bytes
          + UpdateFraming.lengthBytes
      }
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
        samples: samples, base: task.base, loss: 0, steps: steps * topology.training.epochs,
        skippedSteps: 0))
  }

  func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) throws -> StoreResult {
    .accepted
  }

  func keep(_ update: ClientUpdate, of client: Int) {}

  func forget(_ client: Int) {}

  var isReplaying: Bool { false }

  func suspend() {}

  func close(_ round: ClosedRound) throws {
    let phase = plan.schedule.phase(in: round.result.round)
    for (_, submission) in round.result.accepted {
      let origin = plan.schedule.phase(in: submission.round)
      for name in origin.trainedSegments(depth: submission.stage) where versions[name] != nil {
        versions[name] = phase.round + 1
        told.remove(name.description)
        guard topology.training.correction == .scaffold else { continue }
        controlVersions[name] = phase.round + 1
      }
    }
    var record = RoundRecord(round.result, phase: phase, epochs: topology.training.epochs)
    record.timing = round.timing
    record[.learningRate] = plan.learningRate(in: phase)
    let network = topology.network(stage: phase.stage)
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
