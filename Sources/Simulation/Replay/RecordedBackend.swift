import Bytes
package import Federation
package import Foundation
package import Ledger
package import LocalTraining
import Measures
package import Progressive
package import Server
package import Wire

/// A backend whose state can be kept, so that it goes on from there.
package protocol ResumableBackend: LearningBackend {
  /// The last round that ended; nil before the first.
  var lastRound: Int? { get }
  /// The number of bytes that its clients remember.
  var memoryBytes: Int { get }
  /// The phase of a round that was prepared.
  func phase(in round: Int) -> Phase
  /// The states and memories without which it couldn't go on from here.
  ///
  /// Memories are written to a file in the directory `place`, as there may be many.
  func snapshot(in place: URL) throws -> FleetSnapshot
}

extension TrainingBackend: ResumableBackend {
  // Reading answers and keeping resume points is the trade of the backend that records this one.
  var isReplaying: Bool { false }

  func suspend() {}
}

/// A backend that writes down another one's answers, so that the run can be stopped, or killed, and
/// go on.
///
/// A run that goes on is played again from its beginning, in moments, as its answers are read
/// instead of worked for. From where they end on it is as if it had never stopped.
package final class RecordedBackend: LearningBackend {
  let backend: any ResumableBackend
  private let plan: BrokerPlan
  private let points: ResumePointStore
  private let ledger: RunStore
  /// The answers so far, read and new ones.
  var journal = AnswerJournal()
  /// The answers and contents that the run goes on from; none in a new run.
  let earlier: FleetSnapshot
  /// Updates of the previous process that nobody has claimed, by the numbers of their trainings.
  private var inherited: [Int: FleetSnapshot.Update]
  private var pending: [Int: WeakTraining] = [:]
  private var updates: [Int: HeldUpdate] = [:]
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastPoint: ContinuousClock.Instant
  /// The failure to read an answer, which ends the run.
  private var failure: ReplayError?

  /// The time between two resume points, which are kept in case that the run is killed.
  private let interval: Duration
  /// The most bytes of memories with which resume points are kept on the way.
  ///
  /// Beyond it a run goes on where it was stopped, but not from a point before it was killed.
  private static let memoryLimit = 512 << 20

  /// A backend that gives the answers of `earlier` first, if there are any.
  package init(
    _ backend: any ResumableBackend, plan: BrokerPlan, points: ResumePointStore, ledger: RunStore,
    keepingEvery interval: Duration, earlier: FleetSnapshot?
  ) {
    self.backend = backend
    self.interval = interval
    self.plan = plan
    self.points = points
    self.ledger = ledger
    self.earlier = earlier ?? FleetSnapshot()
    inherited = self.earlier.updates
    start = clock.now
    lastPoint = start
  }

  package var isReplaying: Bool { journal.calls < earlier.journal.calls }

  package func samples(of client: Int) -> Int { backend.samples(of: client) }

  package func holding(of client: Int) -> ClientHolding { backend.holding(of: client) }

  package func prepare(round: Int) throws -> PreparedModel {
    let number = journal.models.count
    let model: PreparedModel = try answer(.prepare(round: round)) {
      guard number < earlier.journal.models.count else { return nil }
      return earlier.journal.models[number].prepared(for: backend.phase(in: round))
    } else: {
      try backend.prepare(round: round)
    }
    journal.note(model)
    return model
  }

  package func begin(_ task: ClientTask, client: Int, isLikely: Bool) throws -> any PendingUpdate {
    let number = journal.trainings
    let training = try answer(.begin(client: client, round: task.round)) {
      NumberedTraining(number, nil, backend: self)
    } else: {
      NumberedTraining(
        number, try backend.begin(task, client: client, isLikely: isLikely), backend: self)
    }
    pending[number] = WeakTraining(training: training)
    return training
  }

  package func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) throws -> StoreResult {
    let number = journal.stores.count
    let result = try answer(.store(round: round, client: client, attempt: attempt)) {
      number < earlier.journal.stores.count ? earlier.journal.stores[number] : nil
    } else: {
      // The bytes of a recorded update weren't kept: no client held the update any more.
      guard update.buffer != nil else { throw ReplayError.otherRun(round: round) }
      return try backend.store(
        round: round, client: client, attempt: attempt, submission, update)
    }
    journal.note(result)
    return result
  }

  package func keep(
    _ update: ClientUpdate, of client: Int, as mark: CountedUpdate, after base: CountedUpdate?
  ) throws {
    try answer(.keep(client: client)) {
      ()
    } else: {
      try backend.keep(update, of: client, as: mark, after: base)
    }
  }

  package func close(_ round: ClosedRound) throws {
    let isKnown = isReplaying
    try answer(.close(round)) {
      ()
    } else: {
      try backend.close(round)
    }
    updates = updates.filter { $0.value.isHeld }
    pending = pending.filter { $0.value.training != nil }
    let number = journal.traces.count - 1
    if isKnown, earlier.journal.traces.dropFirst(number).first != journal.traces[number] {
      throw ReplayError.otherRun(round: round.result.round)
    }
    // What a round came to isn't kept before clients have evaluated it.
    let isEvaluated = plan.evaluation?.isDue(
      after: round.result.round, of: plan.schedule.totalRounds)
    if isEvaluated != true { try suspendIfDue() }
  }

  package func conclude(_ evaluation: ClosedEvaluation) throws {
    try answer(.conclude(evaluation)) {
      ()
    } else: {
      try backend.conclude(evaluation)
    }
    try suspendIfDue()
  }

  package var normalization: FederatedNormalization? { backend.normalization }

  package func sums(of client: Int) -> LocalSums { backend.sums(of: client) }

  /// The ledger of a run that goes on has the normalization already.
  package func normalize(_ result: MeasuringResult) throws -> FederatedNormalization {
    try backend.normalize(result)
  }

  private func suspendIfDue() throws {
    let isDue = clock.now - lastPoint >= interval && backend.memoryBytes <= Self.memoryLimit
    if isDue, !isReplaying { try suspend() }
  }

  package func suspend() throws {
    guard !isReplaying, let round = backend.lastRound else { return }
    try points.write(ledger: ledger) { place in
      try snapshot(in: place).content(round: round, run: plan.run)
    }
    lastPoint = clock.now
  }

  /// The snapshot of the run as it is now; trainings that somebody may still ask for are waited
  /// for.
  private func snapshot(in place: URL) throws -> FleetSnapshot {
    let trainings = pending.values.compactMap(\.training).filter(\.isAwaited)
    for training in trainings { training.begin() }
    var snapshot = try backend.snapshot(in: place)
    snapshot.journal = journal
    snapshot.wallClock = earlier.wallClock + (clock.now - start)
    for (number, update) in updates {
      guard let buffer = update.buffer else { continue }
      // Its client keeps the memory that came with it already.
      snapshot.updates[number] = FleetSnapshot.Update(buffer: buffer)
    }
    for training in trainings {
      let result = training.result()
      snapshot.journal.outcomes[training.number] = TrainingOutcome(result)
      guard case .trained(_, let update) = result, let buffer = update.buffer else { continue }
      snapshot.updates[training.number] = FleetSnapshot.Update(
        buffer: buffer, memory: update.memory)
    }
    return snapshot
  }

  package func finish(state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration)
    throws
  {
    guard !isReplaying else { throw ReplayError.otherRun(round: journal.traces.count + 1) }
    try backend.finish(
      state: state, book: book, elapsed: elapsed, wallClock: earlier.wallClock + wallClock)
    if state.isFinished { try points.clear() }
  }

  /// Answers a call: by an answer that is `known`, or else by `work`.
  func answer<Answer>(
    _ call: AnswerJournal.Call, by known: () -> Answer?, else work: () throws -> Answer
  ) throws -> Answer {
    if let failure { throw failure }
    let (isKnown, round) = (isReplaying, journal.traces.count + 1)
    journal.note(call)
    guard isKnown else { return try work() }
    // With the last call that was recorded, all calls must have been the same.
    guard let answer = known(), isReplaying || journal.trace == earlier.journal.trace else {
      throw ReplayError.otherRun(round: round)
    }
    return answer
  }

  /// The recorded result of a training; a failure that ends the run if there is none.
  fileprivate func known(_ number: Int) -> TrainingResult {
    let update = inherited.removeValue(forKey: number)
    if let result = earlier.journal.outcomes[number]?.result(with: update) { return result }
    failure = .otherRun(round: journal.traces.count + 1)
    return .failed(.failed, detail: "its result is gone")
  }

  /// A training's result is handed out.
  fileprivate func note(_ result: TrainingResult, of number: Int) {
    journal.outcomes[number] = TrainingOutcome(result)
    pending[number] = nil
    guard case .trained(_, let update) = result, let buffer = update.buffer else { return }
    updates[number] = HeldUpdate(buffer: buffer)
  }

  /// A training's result will not be asked for any more.
  fileprivate func drop(_ number: Int) {
    inherited[number] = nil
    pending[number] = nil
  }
}

/// A reason for which a run can't go on from where it was kept.
package enum ReplayError: Error, CustomStringConvertible {
  /// This program plays the round in another way than the one that made the run.
  case otherRun(round: Int)
  /// A later or earlier version of the program keeps other things.
  case unknown(path: String)

  /// The reason, and the likely cause.
  package var description: String {
    switch self {
    case .otherRun(let round):
      "round \(round) goes another way than before; the run was made by another version or with other links or devices"
    case .unknown(let path): "\(path): another version of progfed kept this"
    }
  }
}

/// A training with a number, recorded or new.
///
/// SAFETY of `@unchecked Sendable`: only the simulation's thread uses it.
private final class NumberedTraining: PendingUpdate, @unchecked Sendable {
  let number: Int
  private let training: (any PendingUpdate)?
  private unowned let backend: RecordedBackend
  private var known: TrainingResult?
  /// True while somebody may still ask for its result.
  private(set) var isAwaited = true

  /// The training; nil for one whose result is recorded.
  init(_ number: Int, _ training: (any PendingUpdate)?, backend: RecordedBackend) {
    self.number = number
    self.training = training
    self.backend = backend
  }

  func begin() { training?.begin() }

  /// Its result, without handing it out.
  func result() -> TrainingResult {
    let result = known ?? training?.outcome() ?? backend.known(number)
    known = result
    return result
  }

  func outcome() -> TrainingResult {
    let result = result()
    isAwaited = false
    known = nil
    backend.note(result, of: number)
    return result
  }

  func cancel() {
    isAwaited = false
    known = nil
    training?.cancel()
    backend.drop(number)
  }
}

/// A training for as long as somebody holds it.
private struct WeakTraining {
  weak var training: NumberedTraining?
}

/// An update for as long as somebody holds it.
private struct HeldUpdate {
  weak var buffer: SharedBuffer?

  var isHeld: Bool { buffer != nil }
}
