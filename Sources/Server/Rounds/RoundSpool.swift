import Federation
import Foundation
import Ledger
import Wire

/// The updates of the open round on disk, in the order in which they came.
struct RoundSpool {
  private let directory: URL
  private var spool: Spool?

  /// A spool in `directory` that no round has opened yet.
  init(in directory: URL) { self.directory = directory }

  /// The round whose updates are here; nil before the first was opened.
  var round: Int? { spool?.round }

  /// Opens the spool of `round`, with the updates that an earlier process left; those of other
  /// rounds go.
  ///
  /// - Throws: `LedgerError`.
  mutating func open(round: Int) throws(LedgerError) {
    spool = try Spool(directory: directory, round: round)
    KillPoint.spoolCleared.pass()
  }

  /// Appends an update; it is durable after ``sync()``.
  ///
  /// - Parameters:
  ///   - update: The update.
  ///   - header: The run, the client and its attempt.
  /// - Throws: `LedgerError`.
  func append(_ update: SpooledUpdate, from header: Header) throws(LedgerError) {
    guard let client = header.client else { return }
    try spool?.append(client: client, attempt: header.attempt, update.record(header))
  }

  /// Waits until all updates that were appended are on the disk.
  ///
  /// - Throws: `LedgerError`.
  func sync() throws(LedgerError) { try spool?.sync() }

  /// Removes all updates.
  ///
  /// - Throws: `LedgerError`.
  func clear() throws(LedgerError) { try spool?.clear() }

  /// The clients whose updates are here, in rising order.
  var clients: [Int] { spool?.entries.map(\.client) ?? [] }

  /// A client's update.
  ///
  /// - Throws: `LedgerError` if it is gone or unreadable: an acknowledged update counts, and no
  ///   round is closed without it.
  func update(of client: Int) throws(LedgerError) -> SpooledUpdate {
    guard let update = try known(client) else {
      throw .damaged(
        path: directory.path,
        problem: "client \(client)'s update of round \(spool?.round ?? 0) is gone")
    }
    return update
  }

  /// The offer of a client's update; nil if there is none that this program can read.
  ///
  /// - Throws: `LedgerError` if the file can't be read.
  func submission(of client: Int) throws(LedgerError) -> Submission? {
    try known(client)?.submission
  }

  private func known(_ client: Int) throws(LedgerError) -> SpooledUpdate? {
    guard let spool, let entry = spool.entry(of: client) else { return nil }
    return SpooledUpdate(try spool.read(entry))
  }
}
