public import Foundation
import GRDB

/// A run's ledger: one SQLite file that can be read, also by others, while the run goes on.
///
/// The schema is described, with queries, in the article *Schema*. All calls may come from any
/// thread; they are carried out one after the other.
public final class RunStore: Sendable {
  let database: DatabaseQueue
  /// The path of its file.
  package let path: String
  /// The copy that is read where the ledger can't be read in its place.
  private let copy: LedgerCopy?

  /// Makes the ledger of a new run; only one with an origin can be resumed.
  ///
  /// `labels` are the training samples of each label that each client holds, a row for each client;
  /// none where samples aren't labelled as a whole.
  ///
  /// - Throws: `exists` where one is; `readOnly`, `full`.
  public static func create(
    at url: URL, header: RunHeader, origin: RunOrigin? = nil, labels: [[Int]] = []
  ) throws(LedgerError) -> RunStore {
    let path = url.path(percentEncoded: false)
    if FileManager.default.fileExists(atPath: path) {
      throw .exists(path: url.deletingLastPathComponent().path(percentEncoded: false))
    }
    // Under another name first, so that a kill leaves a whole ledger or none. It is written ahead
    // from the start: a change of the journal would pass through a journal that is hot.
    let partial = RunPaths.partial(url)
    for file in Self.files(of: partial) { try DurableFile.remove(file) }
    let first = try RunStore(path: partial.path(percentEncoded: false), journal: .writeAhead)
    try first.write { database in
      let run = RunTable(database: database)
      try database.execute(sql: LedgerSchema.statements())
      try run.insert(header)
      if let origin { try run.insert(origin) }
      try HoldingTable(database: database).insert(labels)
    }
    first.close()
    let storage = SystemStorage()
    try storage.open(partial.filePath, for: .changing, mode: 0).sync()
    do throws(LedgerError) { try DurableFile.move(partial, to: url, on: storage) } catch {
      try? DurableFile.remove(url)  // memory alone may have the name
      throw error
    }
    return try RunStore(path: path, journal: .writeAhead)
  }

  /// Opens the ledger of an interrupted run, to go on with it.
  ///
  /// - Throws: `missing`, `damaged`, `newer`, `readOnly`.
  public static func open(at url: URL) throws(LedgerError) -> RunStore {
    let store = try existing(at: url, journal: .writeAhead)
    try store.write(LedgerSchema.migrate)
    return store
  }

  /// Opens a ledger to read from it, also while another process writes.
  ///
  /// - Throws: `missing`, `damaged`, `newer`.
  public static func read(at url: URL) throws(LedgerError) -> RunStore {
    try existing(at: url, journal: .none)
  }

  private static func existing(at url: URL, journal: Journal) throws(LedgerError) -> RunStore {
    let path = url.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
    do throws(LedgerError) {
      return try checked(path, journal)
    } catch .readOnly where journal == .none {
      return try recovered(url)
    }
  }

  /// Reads a ledger that has to be written to before it can be read.
  ///
  /// After a kill SQLite plays back what its journals say; so that is done first. Where nothing can
  /// be written, a copy elsewhere serves.
  private static func recovered(_ url: URL) throws(LedgerError) -> RunStore {
    let path = url.path(percentEncoded: false)
    do throws(LedgerError) {
      try checked(path, .asItIs).close()
      return try checked(path, .none)
    } catch .readOnly {
      let copy = try LedgerCopy(of: files(of: url))
      return try checked(copy.ledger, .asItIs, copy)
    }
  }

  /// Opens a ledger, and makes sure that it is one of a version that is known.
  private static func checked(
    _ path: String, _ journal: Journal, _ copy: LedgerCopy? = nil
  ) throws(LedgerError) -> RunStore {
    let store = try RunStore(path: path, journal: journal, copy: copy)
    let (application, version) = try store.read { database in
      (
        try Int.fetchOne(database, sql: "PRAGMA application_id"),
        try LedgerSchema.version(of: database)
      )
    }
    guard application == LedgerSchema.applicationIdentifier, version > 0 else {
      throw .damaged(path: path, problem: "an SQLite file, but no ledger of progfed")
    }
    guard version <= LedgerSchema.version else { throw .newer(path: path, format: version) }
    try store.read { try LedgerSchema.check($0, version: version) }
    return store
  }

  /// A ledger's file, and those that SQLite may have beside it.
  private static func files(of url: URL) -> [URL] {
    [url] + RunPaths.sideFiles(of: url)
  }

  /// The journal that makes changes durable; readers make none.
  private enum Journal { case asItIs, writeAhead, none }

  private init(
    path: String, journal: Journal, copy: LedgerCopy? = nil
  ) throws(LedgerError) {
    var configuration = Configuration()
    configuration.readonly = journal == .none
    configuration.journalMode = journal == .writeAhead ? .wal : .default
    configuration.busyMode = .timeout(10)
    self.path = path
    self.copy = copy
    database = try Self.translating(path) {
      let database = try DatabaseQueue(path: path, configuration: configuration)
      // A round that was reported as kept must survive a loss of power. Set last: what sets up the
      // journal lowers it.
      if journal != .none {
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      }
      return database
    }
  }

  /// Closes the file; unless somebody reads at the moment, SQLite folds its side files into it.
  public func close() {
    try? database.close()
    withExtendedLifetime(copy) {}
  }

  /// Copies the ledger as it is now to a file of its own, which isn't there yet.
  ///
  /// - Throws: `full`, `readOnly`; a part of the copy may be there then.
  func copy(to url: URL) throws(LedgerError) {
    let copy = url.path(percentEncoded: false)
    try Self.translating(copy) {
      try database.writeWithoutTransaction { database in
        try database.execute(sql: "VACUUM INTO ?", arguments: [copy])
      }
    }
    try SystemStorage().open(copy, for: .changing, mode: 0).sync()
  }

  /// True if a commit returns only when it is on the disk.
  package var waitsForTheDisk: Bool {
    get throws(LedgerError) {
      try read { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? 0 } >= 2
    }
  }

  // MARK: Access

  func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
    try Self.translating(path) { try database.read(body) }
  }

  func write(_ body: (Database) throws -> Void) throws(LedgerError) {
    try Self.translating(path) { try database.write(body) }
  }

  /// Makes SQLite's errors errors of the ledger.
  private static func translating<Value>(
    _ path: String, _ body: () throws -> Value
  ) throws(LedgerError) -> Value {
    do {
      return try body()
    } catch let error as LedgerError {
      throw error
    } catch let error as DatabaseError {
      throw Self.translated(error, path)
    } catch {
      throw .damaged(path: path, problem: "\(error)")
    }
  }

  private static func translated(_ error: DatabaseError, _ path: String) -> LedgerError {
    let problem = error.message ?? error.resultCode.description
    if SystemStorage().kind(of: path) == .folder { return .isFolder(path: path) }
    return switch error.resultCode {
    case .SQLITE_FULL: .full(path: path)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_CANTOPEN: .readOnly(path: path)
    case .SQLITE_BUSY, .SQLITE_LOCKED: .locked(path: path, process: nil)
    case .SQLITE_IOERR: .system(path: path, operation: "reading or writing", code: EIO)
    case .SQLITE_NOMEM: .system(path: path, operation: "reading or writing", code: ENOMEM)
    default: .damaged(path: path, problem: problem)
    }
  }
}

/// A copy of a ledger in a folder of its own, which goes when the copy does.
///
/// SQLite has to write where a ledger wasn't closed: a run may lie where nobody can.
final class LedgerCopy: Sendable {
  /// The path of the copied ledger.
  let ledger: String
  private let directory: URL

  /// Copies the ledger, the first of `files`, and those of the others that are there.
  ///
  /// - Throws: `readOnly`, `full` and whatever keeps the copy from being made.
  init(of files: [URL]) throws(LedgerError) {
    directory = FileManager.default.temporaryDirectory.appending(
      path: "progfed-\(UUID().uuidString)", directoryHint: .isDirectory)
    ledger =
      directory.appending(path: files.first?.lastPathComponent ?? "").path(percentEncoded: false)
    try DurableFile.makeDirectory(directory)
    for file in files where FileManager.default.fileExists(atPath: file.path) {
      // A shared index is made anew.
      guard !file.lastPathComponent.hasSuffix("-shm") else { continue }
      let bytes = try DurableFile.read(file)
      let copy = directory.appending(path: file.lastPathComponent).path(percentEncoded: false)
      try SystemStorage().open(copy, for: .making, mode: 0o600).write(bytes)
    }
  }

  deinit { try? FileManager.default.removeItem(at: directory) }
}
