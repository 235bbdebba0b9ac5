import Federation
import Foundation
package import Ledger
import Measures
package import Topology

/// The point from which a run goes on: the newest checkpoint that is whole, and what the ledger
/// knows of it.
package struct Resumption: Sendable {
  /// The run's origin.
  package let origin: RunOrigin
  /// The broker's incarnation that goes on, one more than the last.
  package let epoch: Int
  /// The round to go on with, from 1; one more than there are if all are done.
  package let round: Int
  /// The rounds that are in the ledger and must be run again, since their checkpoint is missing.
  package let repeated: ClosedRange<Int>?
  /// The errors for which newer checkpoints couldn't be used.
  package let damaged: [LedgerError]
  /// The rounds of checkpoints that aren't used, as the ledger knows nothing of these rounds.
  package let unbooked: [Int]
  /// The run's clock when it goes on.
  package let elapsed: Duration
  /// All bytes so far, client view.
  package let total: TwoWayTraffic

  /// True if the clients begin anew as well, and remember nothing of the rounds before.
  package var isWithoutClients = false

  let checkpoint: Checkpoint?
  package let state: CheckpointState?

  /// The model to go on with; nil before the first checkpoint.
  package var model: RestoredModel? {
    guard let checkpoint, let state else { return nil }
    return RestoredModel(
      checkpoint: checkpoint, state: state, isWithoutClients: isWithoutClients)
  }

  /// Looks up from where the run in `directory` goes on as one of `topology`; nothing is changed.
  ///
  /// - Throws: ``ResumptionError``, `LedgerError`.
  package init(of directory: RunDirectory, topology: Topology) throws {
    let paths = directory.paths
    let path = paths.directory.path(percentEncoded: false)
    let ledger = try RunStore.read(at: paths.ledger)
    defer { ledger.close() }
    guard let origin = try ledger.origin() else { throw ResumptionError.tooOld(path: path) }
    guard try ledger.header().clock == "real" else { throw ResumptionError.virtual(path: path) }
    let difference = PlanDifference(between: origin.currentPlan, and: topology.runPlan)
    guard difference.isEmpty else {
      throw ResumptionError.otherRun(path: path, topology: topology.file, difference)
    }
    let last = try ledger.lastRound() ?? 0
    // A round is booked before its model is kept: a model that is ahead has lost its books.
    let found = try CheckpointStore(directory: paths.checkpoints).latest(notAfter: last)
    let state = found.checkpoint.flatMap(CheckpointState.init)
    if let checkpoint = found.checkpoint {
      guard state?.run == origin.run else {
        throw LedgerError.damaged(
          path: paths.checkpoints.path(percentEncoded: false),
          problem: "the checkpoint after round \(checkpoint.round) is one of another run")
      }
    } else if let newest = found.newer.first {
      throw ResumptionError.lostBooks(path: path, ledger: last, checkpoint: newest)
    } else if last > 1 {
      throw ResumptionError.noCheckpoint(path: path, found.damaged)
    }
    let done = found.checkpoint?.round ?? 0
    let summary = try ledger.summary()
    self.origin = origin
    checkpoint = found.checkpoint
    self.state = state
    damaged = found.damaged
    unbooked = found.newer
    round = done + 1
    repeated = last > done ? done + 1...last : nil
    let known = [
      (paths.ledger, try ledger.epochs().last?.number),
      (paths.epoch, try EpochRecord(in: paths).latest()), (paths.checkpoints, state?.epoch),
    ]
    for case (let url, let epoch?) in known where epoch >= EpochLeaps.end {
      throw LedgerError.damaged(
        path: url.path(percentEncoded: false),
        problem: "it says that the broker's incarnation was \(epoch), and none can be so late")
    }
    epoch = (known.compactMap(\.1).max() ?? 0) + 1
    let before = state.map { Duration.seconds($0.elapsed) } ?? .zero
    let wasStopped = summary.state == .interrupted || summary.state == .aborted
    elapsed = wasStopped ? max(before, summary.elapsed) : before
    total = summary.totals.traffic
  }
}

/// A broker's model as a checkpoint kept it.
package struct RestoredModel {
  /// The checkpoint.
  package let checkpoint: Checkpoint
  /// The checkpoint's state, beside the model's values.
  let state: CheckpointState
  /// True if the clients begin anew, and remember nothing of the rounds before.
  package var isWithoutClients = false

  /// The model of a checkpoint, whose clients remember what they did unless they begin anew.
  package init(checkpoint: Checkpoint, state: CheckpointState, isWithoutClients: Bool = false) {
    self.checkpoint = checkpoint
    self.state = state
    self.isWithoutClients = isWithoutClients
  }
}

/// A reason for which a run can't go on.
package enum ResumptionError: Error, CustomStringConvertible {
  /// It is a run of something else.
  case otherRun(path: String, topology: String, PlanDifference, isOver: Bool = false)
  /// None of its checkpoints is whole.
  case noCheckpoint(path: String, [LedgerError])
  /// Its ledger ends before its oldest checkpoint.
  case lostBooks(path: String, ledger: Int, checkpoint: Int)
  /// It is a run in virtual time.
  case virtual(path: String)
  /// It is a run in real time.
  case real(path: String)
  /// It can't be extended before it has ended.
  case unfinished(path: String)
  /// It can't be extended, as it trained nothing.
  case noModel(path: String)
  /// It was made by a version that couldn't resume.
  case tooOld(path: String)

  /// The message: the fault, its place and the remedy.
  package var description: String {
    switch self {
    case .otherRun(let path, let topology, let difference, isOver: false):
      """
      \(path): this run can't go on with \(topology), which differs from what it began with:
      \(difference.lines("then", "now").map { "  \($0)\n" }.joined())\
      leave out what differs to go on with the run's own, or begin a new run with --out
      """
    case .otherRun(let path, _, let difference, isOver: true):
      """
      \(path): this run is finished, and wasn't one of what is given now:
      \(difference.lines("then", "now").map { "  \($0)\n" }.joined())\
      begin a new run with --out, or go on from this one's model with --resume RUN --extend ROUNDS
      """
    case .noCheckpoint(let path, let damaged):
      """
      \(path): no checkpoint of this run can be used; begin a new run with --out
      \(damaged.map { "  \($0.problem)" }.joined(separator: "\n"))
      """
    case .lostBooks(let path, let ledger, let checkpoint):
      """
      \(path): the ledger ends with round \(ledger), but the model there is that after round \(checkpoint): what was \
      booked in between is lost, and rounds must not be counted twice; put back run.sqlite as it was, or begin a new \
      run with --out
      """
    case .virtual(let path):
      """
      \(path): a run in virtual time doesn't go on in real time; go on with \
      simulate --resume \(path), without --clock real
      """
    case .real(let path):
      """
      \(path): a run in real time doesn't go on in virtual time; go on with --resume \(path) alone, without \
      --clock virtual and --cost-model
      """
    case .unfinished(let path):
      "\(path): this run isn't finished; go on with --resume \(path) first, and extend it then"
    case .noModel(let path):
      "\(path): this run trained nothing, so there is no model to go on from; extend one that trained"
    case .tooOld(let path):
      "\(path): this run was made by a version of progfed that couldn't resume; begin a new one"
    }
  }
}
