import Datasets
import Digests
import Dispatch
import Federation
import Ledger
import Measures
import Synchronization
import Topology
import Wire
import ZeroMQ

/// The model and the clients' training as they are in real runs, driven in the order of simulated time.
final class TrainingDesk: ModelDesk {
  private let workload: Workload
  private let plan: BrokerPlan
  private let pool: TrainingPool
  private let keeper: ModelKeeper
  private let partition: [[Int]]
  private let memories: ClientStore?
  /// The states of the last two models and what they were made from, by the first 8 bytes of their digests.
  private var states: [UInt64: SegmentState] = [:]
  /// The states of the last model.
  private var current: Set<UInt64> = []

  /// A desk that books into `ledger`.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out.
  init(
    _ workload: Workload, plan: BrokerPlan, pool: TrainingPool, directory: RunPaths,
    ledger: RunStore, observer: any RunObserver, labels: [[Int]]
  ) throws {
    self.workload = workload
    self.plan = plan
    self.pool = pool
    keeper = try ModelKeeper(
      workload: workload, plan: plan, pool: pool, directory: directory, ledger: ledger,
      observer: observer, labels: labels)
    partition = try workload.partition(seed: plan.seed)
    memories = try ClientStore(for: workload)
  }

  func samples(of client: Int) -> Int { partition[client].count }

  func prepare(round: Int) throws -> PreparedModel {
    let (model, steps) = try keeper.prepare(round: round)
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
    return model
  }

  func begin(_ task: ClientTask, client: Int, isLikely: Bool) throws -> any PendingUpdate {
    let held = task.segments.compactMap { states[$0.state.prefix] }
    guard held.count == task.segments.count else { return MissingStates() }
    let training = TrainingTicket(
      LocalTraining(
        workload: workload, task: task, client: client, seed: plan.seed, states: held,
        samples: partition[client], memories: memories), on: pool)
    if isLikely { training.begin() }
    return training
  }

  func keep(_ memory: ClientMemory, of client: Int) throws {
    try memories?.keep(memory, of: client)
  }

  func forget(_ client: Int) { memories?.forget(client) }

  func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) throws -> StoreResult {
    guard let buffer = update.buffer else {
      return .refused(.malformed, detail: "the update has no bytes")
    }
    return try keeper.store(
      round: round, client: client, attempt: attempt, submission: submission, bytes: buffer.bytes)
  }

  func close(_ round: ClosedRound) throws {
    try keeper.close(
      round.result, book: round.book, total: round.total, elapsed: round.elapsed,
      timing: round.timing)
  }

  func finish(state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration) throws {
    try keeper.finish(state: state, book: book, elapsed: elapsed, wallClock: wallClock)
  }
}

/// A client's training on the pool, begun at once or when somebody asks for its result.
private final class TrainingTicket: PendingUpdate {
  private let training: LocalTraining
  private let pool: TrainingPool
  private let cancellation = Cancellation()
  private let state = Mutex<(isBegun: Bool, result: TrainingResult?)>((false, nil))
  private let isDone = DispatchSemaphore(value: 0)

  init(_ training: LocalTraining, on pool: TrainingPool) {
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
      let result = TrainingResult(training.run(on: lane))
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

/// A training that can't be, because the model's bytes are no longer kept.
private struct MissingStates: PendingUpdate {
  func outcome() -> TrainingResult { .failed(.failed, detail: "segments are missing") }
  func cancel() {}
}

extension TrainingResult {
  /// The result that a lane of the pool reports.
  fileprivate init(_ event: WorkerEvent) {
    switch event {
    case .trained(_, _, let offer, let update, let memory):
      self = .trained(offer, ClientUpdate(update, remembering: memory))
    case .failed(_, _, let reason, let detail): self = .failed(reason, detail: detail)
    case .stop: self = .failed(.failed, detail: "it was stopped")
    }
  }
}
