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
  private let storage: any Storage
  /// The copy that is read where the ledger can't be read in its place.
  private let copy: LedgerCopy?

  /// Makes the ledger of a new run; only one with an origin can be resumed.
  ///
  /// `labels` are the training samples of each label that each client holds, a row for each client;
  /// none where samples aren't labelled as a whole.
  ///
  /// - Throws: `exists` where one is; `readOnly`, `full`.
  public static func create(
    at url: URL, header: RunHeader, origin: RunOrigin? = nil, labels: [[Int]] = [],
    on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunStore {
    let path = url.filePath
    if storage.kind(of: path) != nil {
      throw .exists(path: url.deletingLastPathComponent().filePath)
    }
    // Under another name first, so that a kill leaves a whole ledger or none. It is written ahead
    // from the start: a change of the journal would pass through a journal that is hot.
    let partial = RunPaths.partial(url)
    for file in Self.files(of: partial) { try DurableFile.remove(file, on: storage) }
    let first = try RunStore(partial.filePath, journal: .writeAhead, on: storage)
    try first.write { database in
      let run = RunTable(database: database)
      try database.execute(sql: LedgerSchema.statements())
      try run.insert(header)
      if let origin { try run.insert(origin) }
      try HoldingTable(database: database).insert(labels)
    }
    // Closing passes over a failure, and would leave a part in the log, whose name doesn't move.
    try first.foldLog()
    first.close()
    try storage.open(partial.filePath, for: .changing, mode: 0).sync()
    do throws(LedgerError) { try DurableFile.move(partial, to: url, on: storage) } catch {
      try? DurableFile.remove(url, on: storage)  // memory alone may have the name
      throw error
    }
    try makeLog(of: url, on: storage)
    return try RunStore(path, journal: .writeAhead, on: storage)
  }

  /// Opens the ledger of an interrupted run, to go on with it.
  ///
  /// - Throws: `missing`, `damaged`, `newer`, `readOnly`.
  public static func open(
    at url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunStore {
    try secureLog(of: url, on: storage)
    let earlier = try existing(at: url, journal: .writeAhead, on: storage)
    do throws(LedgerError) { try earlier.foldLog() } catch .locked {}  // somebody reads for long
    earlier.close()
    try makeLog(of: url, on: storage)
    let store = try existing(at: url, journal: .writeAhead, on: storage)
    try store.write(LedgerSchema.migrate)
    return store
  }

  /// Opens a ledger to read from it, also while another process writes.
  ///
  /// - Throws: `missing`, `damaged`, `newer`.
  public static func read(
    at url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunStore {
    try existing(at: url, journal: .none, on: storage)
  }

  private static func existing(
    at url: URL, journal: Journal, on storage: any Storage
  ) throws(LedgerError) -> RunStore {
    let path = url.filePath
    guard storage.kind(of: path) != nil else { throw .missing(path: path) }
    do throws(LedgerError) {
      return try checked(path, journal, on: storage)
    } catch .readOnly where journal == .none {
      return try recovered(url, on: storage)
    }
  }

  /// Reads a ledger that has to be written to before it can be read.
  ///
  /// After a kill SQLite plays back what its journals say; so that is done first. Where nothing can
  /// be written, a copy elsewhere serves.
  private static func recovered(
    _ url: URL, on storage: any Storage
  ) throws(LedgerError) -> RunStore {
    let path = url.filePath
    do throws(LedgerError) {
      try checked(path, .asItIs, on: storage).close()
      return try checked(path, .none, on: storage)
    } catch .readOnly {
      let copy = try LedgerCopy(of: files(of: url), on: storage)
      return try checked(copy.ledger, .asItIs, copy, on: SystemStorage())
    }
  }

  /// Opens a ledger, and makes sure that it is one of a version that is known.
  private static func checked(
    _ path: String, _ journal: Journal, _ copy: LedgerCopy? = nil, on storage: any Storage
  ) throws(LedgerError) -> RunStore {
    let store = try RunStore(path, journal: journal, copy: copy, on: storage)
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

  // MARK: The log

  /// Writes the log again that an earlier process left.
  ///
  /// Its sync may have failed: then the system reads from memory what will be gone with the power,
  /// and takes it for written. SQLite would count it as committed, and go on behind it.
  private static func secureLog(of url: URL, on storage: any Storage) throws(LedgerError) {
    let path = RunPaths.log(of: url).filePath
    guard storage.kind(of: path) != nil else { return }
    let file = try storage.open(path, for: .changing, mode: 0)
    let size = try file.size()
    var last: [UInt8]?
    // Without a checksum of its own: two readings must agree.
    let bytes = try file.read(size, at: 0) { bytes in
      defer { last = bytes }
      return bytes == last
    }
    guard let bytes else { return }
    try file.write(bytes)
    try file.sync()
  }

  /// Makes the log under a name that is on the disk, before SQLite makes it: it would pass over a
  /// failure of the folder's sync, and with the name all commits would be lost.
  private static func makeLog(of url: URL, on storage: any Storage) throws(LedgerError) {
    let log = RunPaths.log(of: url)
    _ = try storage.open(log.filePath, for: .keeping, mode: 0o644)
    do throws(LedgerError) { try DurableFile.syncName(of: log.filePath, on: storage) } catch {
      try? DurableFile.remove(log, on: storage)  // memory alone may have the name
      throw error
    }
  }

  /// Moves all that is in the log to the ledger's own file, on the disk.
  private func foldLog() throws(LedgerError) {
    try Self.translating(path, on: storage) {
      _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    }
  }

  /// A ledger's file, and those that SQLite may have beside it.
  private static func files(of url: URL) -> [URL] {
    [url] + RunPaths.sideFiles(of: url)
  }

  /// The journal that makes changes durable; readers make none.
  private enum Journal { case asItIs, writeAhead, none }

  private init(
    _ path: String, journal: Journal, copy: LedgerCopy? = nil, on storage: any Storage
  ) throws(LedgerError) {
    var configuration = Configuration()
    configuration.readonly = journal == .none
    configuration.journalMode = journal == .writeAhead ? .wal : .default
    configuration.busyMode = .timeout(10)
    self.path = path
    self.storage = storage
    self.copy = copy
    let address = Self.address(of: path, on: storage)
    database = try Self.translating(path, on: storage) {
      let database = try DatabaseQueue(path: address, configuration: configuration)
      // A round that was reported as kept must survive a loss of power. Set last: what sets up the
      // journal lowers it.
      if journal != .none {
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      }
      return database
    }
  }

  /// The path or URI by which SQLite finds a file.
  private static func address(of path: String, on storage: any Storage) -> String {
    guard let name = storage.databaseFileSystem else { return path }
    let allowed = CharacterSet.urlPathAllowed
    return "file:\(path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path)?vfs=\(name)"
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
    let copy = url.filePath
    try Self.translating(copy, on: storage) {
      try database.writeWithoutTransaction { database in
        try database.execute(sql: "VACUUM INTO ?", arguments: [copy])
      }
    }
    try storage.open(copy, for: .changing, mode: 0).sync()
  }

  /// True if a commit returns only when it is on the disk.
  package var waitsForTheDisk: Bool {
    get throws(LedgerError) {
      try read { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? 0 } >= 2
    }
  }

  // MARK: Access

  func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
    try Self.translating(path, on: storage) { try database.read(body) }
  }

  func write(_ body: (Database) throws -> Void) throws(LedgerError) {
    try Self.translating(path, on: storage) { try database.write(body) }
  }

  /// Makes SQLite's errors errors of the ledger.
  private static func translating<Value>(
    _ path: String, on storage: any Storage, _ body: () throws -> Value
  ) throws(LedgerError) -> Value {
    do {
      return try body()
    } catch let error as LedgerError {
      throw error
    } catch let error as DatabaseError {
      throw Self.translated(error, path, on: storage)
    } catch {
      throw .damaged(path: path, problem: "\(error)")
    }
  }

  private static func translated(
    _ error: DatabaseError, _ path: String, on storage: any Storage
  ) -> LedgerError {
    let problem = error.message ?? error.resultCode.description
    if storage.kind(of: path) == .folder { return .isFolder(path: path) }
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
  init(of files: [URL], on storage: any Storage) throws(LedgerError) {
    directory = FileManager.default.temporaryDirectory.appending(
      path: "progfed-\(UUID().uuidString)", directoryHint: .isDirectory)
    ledger =
      directory.appending(path: files.first?.lastPathComponent ?? "").path(percentEncoded: false)
    try DurableFile.makeDirectory(directory)
    for file in files where storage.kind(of: file.filePath) != nil {
      // A shared index is made anew.
      guard !file.lastPathComponent.hasSuffix("-shm") else { continue }
      let bytes = try DurableFile.read(file, on: storage)
      let copy = directory.appending(path: file.lastPathComponent).path(percentEncoded: false)
      try SystemStorage().open(copy, for: .making, mode: 0o600).write(bytes)
    }
  }

  deinit { try? FileManager.default.removeItem(at: directory) }
}
