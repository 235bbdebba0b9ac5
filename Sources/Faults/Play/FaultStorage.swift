import Bytes
import Federation
import Foundation
import Ledger
import Measures
import Wire

/// The storage of a scenario's broker: the code of real runs, on a disk that fails.
///
/// Directory, lock, ledger, spool, checkpoints and the record of incarnations are the real ones.
final class FaultStorage {
  /// The disk.
  let disk: SimulatedDisk
  private let paths = RunPaths(URL(fileURLWithPath: "/run", isDirectory: true))
  private var chance: RandomStream
  private var directory: RunDirectory?
  private var spool: Spool?
  private var ledger: RunStore?
  /// The contents that the ledger must have.
  private var books: FaultBooks
  /// True if rounds are booked late, which breaks a promise.
  private let booksLate: Bool
  /// The round that is booked late.
  private var postponed: RoundRecord?
  /// The states that were given to a checkpoint, which keeps the number of one.
  private var states: [Int: Disk] = [:]
  private var lastState = 0
  /// The updates that were given to a spool, which keeps the number of one in as many bytes as it
  /// would have.
  private var submissions: [Submission] = []

  /// An empty disk, whose losses are drawn from the scenario's seed.
  init(_ scenario: FaultScenario, mutation: Mutation?) {
    disk = SimulatedDisk(seed: scenario.seed, neglect: mutation?.neglect)
    chance = RandomStream(seed: scenario.seed).stream("fault storage")
    books = FaultBooks(of: scenario)
    booksLate = mutation == .booksLate
  }

  // A connection that is closed on a disk without power changes nothing.
  deinit { stop(losesPower: false) }

  private var checkpoints: CheckpointStore {
    CheckpointStore(directory: paths.checkpoints, on: disk)
  }

  /// The process ends, and its machine perhaps.
  func stop(losesPower: Bool) {
    disk.halt(losesPower: losesPower)
    ledger?.close()
    ledger = nil
    postponed = nil
    directory = nil
    spool = nil
  }

  /// Begins another process: finds out from where it goes on, in the steps of a real broker.
  func start() throws -> RecoveredStorage {
    disk.start()
    var fault: String?
    if disk.kind(of: paths.ledger.path) == nil {
      fault = books.absence
      directory = try RunDirectory.create(at: paths.directory, on: disk)
      ledger = try books.make(at: paths.ledger, on: disk)
    } else {
      directory = try RunDirectory.open(at: paths.directory, on: disk)
      fault = try books.fault(at: paths.ledger, on: disk)
    }
    let found = try checkpoints.latest(notAfter: books.last)
    var state = Disk()
    if let checkpoint = found.checkpoint {
      guard let number = Int(String(decoding: checkpoint.state, as: UTF8.self)),
        let known = states[number], known.round == checkpoint.round + 1
      else {
        throw LedgerError.damaged(path: "/run/checkpoint", problem: "nobody wrote this state")
      }
      try checkpoints.secure(checkpoint)
      state = known
    }
    if ledger == nil { ledger = try books.open(at: paths.ledger, on: disk) }
    try books.discard(after: state.round - 1, in: ledger)
    state.normalization = try books.normalization(in: ledger)
    try open(round: state.round)
    for entry in spool?.entries ?? [] {
      state.spool[entry.client] = try submission(of: entry.client)
    }
    let known = try EpochRecord(in: paths, on: disk).latest()
    let epoch = max(known, books.lastEpoch) + 1
    try begin(epoch)
    try books.begin(Epoch(number: epoch, round: state.round, elapsed: .zero), in: ledger)
    return RecoveredStorage(
      epoch: epoch, disk: state, damage: found.damaged, ledgerFault: fault)
  }

  /// Records that an incarnation begins.
  func begin(_ epoch: Int) throws { try EpochRecord(in: paths, on: disk).begin(epoch) }

  /// Opens the spool of a round; the last one's goes.
  func open(round: Int) throws {
    guard !isOpen(for: round) else { return }
    spool = try Spool(directory: paths.spool, round: round, on: disk)
  }

  /// True if updates of a round may be appended.
  func isOpen(for round: Int) -> Bool { spool?.round == round }

  /// Appends a client's update; it is durable after ``sync()``.
  func append(_ submission: Submission, of client: Int) throws {
    let number = submissions.count
    submissions.append(submission)
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(number))
    bytes += repeatElement(UInt8(truncatingIfNeeded: number), count: 3 * submission.offer.length)
    try spool?.append(client: client, attempt: 0, bytes)
  }

  /// Waits for the disk.
  func sync() throws { try spool?.sync() }

  /// The time after which the broker waits for the disk, with all that was appended by then.
  func patience() -> Duration {
    Bool.random(using: &chance) ? .zero : .milliseconds(Int.random(in: 1...60, using: &chance))
  }

  /// The update of a client that is in the spool.
  func submission(of client: Int) throws -> Submission? {
    guard let spool, let entry = spool.entry(of: client),
      let number = UInt64(littleEndianBytes: try spool.read(entry).prefix(8)),
      submissions.indices.contains(Int(clamping: number))
    else { return nil }
    return submissions[Int(number)]
  }

  /// Reads the updates that count in a round, as it takes to fold them.
  ///
  /// - Returns: A client of which the spool has another update; nil if there is none.
  func difference(from result: RoundResult) throws -> Int? {
    try result.accepted.first { try submission(of: $0.client) != $0.submission }?.client
  }

  /// Keeps the state after a round: in the ledger, and then in a checkpoint.
  func keep(_ state: Disk, after result: RoundResult) throws {
    let round = state.round - 1
    let record = books.record(of: result)
    try books.append(booksLate ? postponed : record, to: ledger)
    postponed = record
    lastState += 1
    states[lastState] = state
    states[lastState - 8] = nil
    try checkpoints.write(Checkpoint(round: round, state: Data("\(lastState)".utf8)))
  }

  /// Keeps the normalization in the ledger.
  func keep(_ made: FederatedNormalization) throws {
    try books.keep(made, in: ledger)
  }

  /// Has reads go wrong as the faults say that go on.
  func setReads(_ active: [InjectedFault]) {
    (disk.readFailures, disk.flippedReads) = (0, 0)
    for fault in active {
      switch fault.kind {
      case .failingReads(let probability): disk.readFailures = probability
      case .flippedReads(let probability): disk.flippedReads = probability
      default: break
      }
    }
  }
}

extension FaultWorld {
  /// Keeps the state after a round, whose updates the spool must have.
  func keep(_ next: Disk, after result: RoundResult) throws {
    if let client = try storage.difference(from: result) {
      violate(.durable, "the spool has another update of client \(client)")
    }
    try storage.keep(next, after: result)
  }

  /// Checks what was recovered against what must be there, given the incarnation that began last.
  func check(_ recovered: RecoveredStorage, after last: Int) {
    let faults = recovered.faults(after: last, disk, misreads: misreads)
    for (promise, detail) in faults { violate(promise, detail) }
  }
}

/// The facts from which a broker goes on after its storage was recovered.
struct RecoveredStorage {
  /// The incarnation that begins, which is recorded.
  var epoch: Int
  /// The rounds that were kept, and the updates of the next one.
  var disk: Disk
  /// The faults of checkpoints that were passed over.
  var damage: [LedgerError]
  /// The fault of the ledger that was found; nil if it is as it must be.
  var ledgerFault: String?

  /// The promises that it breaks, given the incarnation that began last, what must be on the disk,
  /// and whether its reads may go wrong.
  func faults(
    after last: Int, _ known: Disk, misreads: Bool
  ) -> [(promise: Violation.Promise, detail: String)] {
    var faults: [(Violation.Promise, String)] = []
    if epoch <= last { faults.append((.incarnation, "incarnation \(epoch) begins after \(last)")) }
    if let first = damage.first, !misreads { faults.append((.durable, "\(first)")) }
    if disk.round < known.round {
      faults.append((.durable, "round \(known.round - 1) was kept, and \(disk.round) goes on"))
    }
    if let ledgerFault { faults.append((.booked, ledgerFault)) }
    if let made = known.normalization, disk.normalization != made {
      faults.append((.booked, "the normalization was kept, and isn't there"))
    }
    guard disk.round == known.round else { return faults }
    for (client, submission) in known.spool.sorted(by: { $0.key < $1.key })
    where disk.spool[client] != submission {
      faults.append((.durable, "client \(client)'s update was on the disk, and isn't there"))
    }
    return faults
  }
}
