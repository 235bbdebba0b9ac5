import Codecs
import Digests
import Federation
import Foundation
import Ledger
import Measures
import Models
import Progressive
import Synchronization
import Tensors
import Topology
import Wire

/// The model as a matter of bytes and time alone: nothing is trained, and sizes are the codecs' own.
///
/// For fleets too large to train: protocol, time and traffic are those of a run whose updates are all usable.
final class CostModelDesk: ModelDesk {
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
    layouts = (1...topology.architecture.stages).map { topology.architecture.layouts(stage: $0) }
  }

  func samples(of client: Int) -> Int { samplesPerClient }

  func prepare(round: Int) throws -> PreparedModel {
    let phase = plan.schedule.phase(in: round)
    let codecs = topology.codecs
    var updateLimit = 0
    let segments = zip(phase.segments, layouts[phase.stage - 1]).map { name, layout in
      let version = versions[name] ?? round
      versions[name] = version
      if phase.trains(name) {
        updateLimit += codecs.up.maximumSize(of: layout).bytes + UpdateFraming.lengthBytes
      }
      let state = Digest(of: Data("\(plan.run) \(name) \(version)".utf8))
      return Segment(
        name: "\(name)", state: state, trained: phase.trains(name),
        steps: [
          Step(
            digest: state, length: codecs.down.expectedSize(of: layout).bytes,
            codec: "\(codecs.down.spec)", from: nil, to: state.prefix)
        ])
    }
    return PreparedModel(round: round, segments: segments, updateLimit: updateLimit)
  }

  func begin(_ task: ClientTask, client: Int, isLikely: Bool) throws -> any PendingUpdate {
    var length = 0
    for (segment, layout) in zip(task.segments, layouts[task.stage - 1]) where segment.trained {
      length += topology.codecs.up.expectedSize(of: layout).bytes + UpdateFraming.lengthBytes
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

  func keep(_ residual: Residual, of client: Int) {}

  func forget(_ client: Int) {}

  func close(_ round: ClosedRound) throws {
    let phase = plan.schedule.phase(in: round.result.round)
    if !round.result.accepted.isEmpty {
      for name in phase.segments where phase.trains(name) { versions[name] = phase.round + 1 }
    }
    var record = RoundRecord(round.result, phase: phase, epochs: topology.training.epochs)
    record.timing = round.timing
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

  func outcome() -> TrainingResult { .trained(offer, ClientUpdate(length: offer.length)) }
  func cancel() {}
}
