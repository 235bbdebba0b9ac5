import Bytes
import Codecs
import Datasets
import Dispatch
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Progressive
import Server
import Synchronization
import Topology
import Wire

/// The model and the clients' training as they are in real runs, driven in the order of simulated
/// time.
///
/// A ``RecordedBackend`` before it lets a run go on that was stopped.
final class TrainingBackend {
  let workload: Workload
  let plan: BrokerPlan
  let pool: TrainingPool
  let server: ServerState
  var shares: ClientShares
  private let memories: ClientStore?
  /// The states of the last two models and what they were made from, by the first 8 bytes of their
  /// digests.
  private var states: [UInt64: SegmentState] = [:]
  /// The states of the last model.
  private var current: Set<UInt64> = []

  /// A backend that books into `ledger`, of a new run or one that goes on from a snapshot and the
  /// checkpoint beside it.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out, `LedgerError` if the checkpoint is
  ///   one of another model, ``ReplayError`` if this program makes another model of it.
  init(
    _ workload: Workload, plan: BrokerPlan, pool: TrainingPool, directory: RunPaths,
    ledger: RunStore, observer: any RunObserver, labels: [[Int]], memories: ClientStore?,
    resuming: ResumePoint? = nil
  ) throws {
    self.workload = workload
    self.plan = plan
    self.pool = pool
    server = try ServerState(
      workload: workload, plan: plan, pool: pool, directory: directory, ledger: ledger,
      observer: observer, labels: labels, restored: resuming?.model)
    shares = try workload.shares(seed: plan.seed)
    shares.normalization = server.normalization.map { Normalization($0) }
    self.memories = memories
    guard let resuming else { return }
    let snapshot = resuming.snapshot
    states = snapshot.states.mapValues(SegmentState.init)
    current = snapshot.current
    if let memories {
      let file = Self.memoryFile(in: resuming.place)
      let isWhole = try memories.load(snapshot.memories, from: file, layouts: workload.layouts)
      guard isWhole else { throw ReplayError.unknown(path: file.path(percentEncoded: false)) }
    }
    // A round may have been begun after that of the checkpoint.
    guard let last = snapshot.journal.models.last, last.round > resuming.model.checkpoint.round
    else { return }
    guard AnnouncedModel(try server.round(last.round).announce().model) == last else {
      throw ReplayError.otherRun(round: last.round)
    }
  }

  /// The last round that ended; nil before the first.
  var lastRound: Int? { server.lastRound }

  /// The phase of a round that was prepared.
  func phase(in round: Int) -> Phase { server.round(round).phase }

  /// The number of bytes that the clients remember.
  var memoryBytes: Int { memories?.byteCount ?? 0 }

  private static func memoryFile(in place: URL) -> URL { place.appending(path: "clients.bin") }

  /// The snapshot from which this backend can go on, together with the server's files; the clients'
  /// memories are written to a file in the directory `place`.
  func snapshot(in place: URL) throws -> FleetSnapshot {
    var snapshot = FleetSnapshot()
    let layouts = workload.layouts
    for (prefix, state) in states {
      guard let layout = layouts[state.name] else { continue }
      snapshot.states[prefix] = try state.values(
        layout: layout, smallTensorLimit: workload.topology.codecs.down.smallTensorLimit)
    }
    snapshot.current = current
    if let memories { snapshot.memories = try memories.save(to: Self.memoryFile(in: place)) }
    return snapshot
  }

  func samples(of client: Int) -> Int { shares.count(of: client) }

  func holding(of client: Int) -> ClientHolding { shares.holding(of: client) }

  func prepare(round: Int) throws -> PreparedModel {
    let (model, steps) = try server.round(round).announce()
    take(model, steps)
    return model
  }

  /// Holds the states of a model that was announced, for all clients.
  func take(_ model: PreparedModel, _ steps: [Digest: SharedBuffer]) {
    let segments = model.segments + model.shallowHeads
    let reached = Set(segments.map(\.state.prefix))
    for segment in segments where states[segment.state.prefix] == nil {
      for step in segment.path(from: states.keys) ?? [] {
        states[step.to] = SegmentState(
          name: segment.name, digest: step.to == segment.state.prefix ? segment.state : nil,
          base: step.from.flatMap { states[$0] }, codec: step.codec,
          bytes: steps[step.digest]?.bytes ?? [])
      }
    }
    let needed = reached.union(current).union(
      segments.flatMap { $0.steps.compactMap(\.from) })
    states = states.filter { needed.contains($0.key) }
    current = reached
  }

  /// The states of a task's segments; nil if not all are here.
  func states(of task: ClientTask) -> [SegmentState]? {
    let held = task.segments.compactMap { states[$0.state.prefix] }
    return held.count == task.segments.count ? held : nil
  }

  func begin(_ task: ClientTask, client: Int, isLikely: Bool) throws -> any PendingUpdate {
    guard let held = states(of: task) else {
      return LackingUpdate(reason: .failed, detail: "segments are missing")
    }
    do throws(DatasetError) { try shares.check(client) } catch {
      return LackingUpdate(reason: .badData, detail: error.kind)
    }
    // Its samples are taken when the training begins: many may wait that aren't all in memory.
    let training = TrainingTicket(on: pool) {
      [workload, shares, memories, seed = plan.seed] () throws(DatasetError) in
      LocalTraining(
        workload: workload, task: task, client: client, seed: seed, states: held,
        learner: try shares.learner(of: client), memories: memories)
    }
    if isLikely { training.begin() }
    return training
  }

  func keep(
    _ update: ClientUpdate, of client: Int, as mark: CountedUpdate, after base: CountedUpdate?
  ) throws {
    guard let memory = update.memory else { return }
    try memories?.keep(memory, of: client, as: mark, after: base)
  }

  func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) throws -> StoreResult {
    guard let buffer = update.buffer else {
      return .refused(.malformed, detail: "the update has no bytes")
    }
    return try server.round(round).validate(buffer.bytes, of: client, attempt: attempt, submission)
  }

  func close(_ round: ClosedRound) throws { try server.round(round.result.round).close(round) }

  func finish(state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration) throws {
    try server.finish(state: state, book: book, elapsed: elapsed, wallClock: wallClock)
  }
}

/// A client's training on the pool, begun at once or when somebody asks for its result.
private final class TrainingTicket: PendingUpdate {
  private let training: @Sendable () throws(DatasetError) -> LocalTraining
  private let pool: TrainingPool
  private let cancellation = Cancellation()
  private let state = Mutex<(isBegun: Bool, result: TrainingResult?)>((false, nil))
  private let isDone = DispatchSemaphore(value: 0)

  init(
    on pool: TrainingPool, _ training: @escaping @Sendable () throws(DatasetError) -> LocalTraining
  ) {
    self.training = training
    self.pool = pool
  }

  func begin() {
    let isNew = state.withLock { state in
      defer { state.isBegun = true }
      return !state.isBegun
    }
    guard isNew else { return }
    pool.submit { [self] lane in
      guard !cancellation.isCancelled else { return }
      let result: TrainingResult
      do throws(DatasetError) {
        var work = try training()
        work.isCancelled = { [cancellation] in cancellation.isCancelled }
        result = TrainingResult(work.run(on: lane))
      } catch {
        result = .failed(.badData, detail: error.kind)
      }
      state.withLock { $0.result = result }
      isDone.signal()
    }
  }

  func outcome() -> TrainingResult {
    begin()
    isDone.wait()
    return state.withLock(\.result) ?? .failed(.failed, detail: "its result is gone")
  }

  func cancel() { cancellation.cancel() }
}

/// A training that can't be, as the model's bytes are no longer kept or the samples are of no use.
private struct LackingUpdate: PendingUpdate {
  let reason: DeclineReason
  let detail: String

  func begin() {}
  func outcome() -> TrainingResult { .failed(reason, detail: detail) }
  func cancel() {}
}

extension TrainingResult {
  /// The result that a lane of the pool reports.
  fileprivate init(_ result: LocalResult) {
    switch result {
    case .trained(let offer, let update, let memory):
      self = .trained(offer, ClientUpdate(update, remembering: memory))
    case .failed(let reason, let detail): self = .failed(reason, detail: detail)
    }
  }
}
