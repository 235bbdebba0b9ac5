import Foundation
package import Ledger
import Measures

/// A disk from which the power is taken, in place of the system's: real storage code runs on it.
///
/// It keeps what POSIX promises and no more. A file's bytes are on the disk once the file was
/// synced, a name once its folder was; what wasn't may be lost, torn or in another order when the
/// power goes, each sector of 512 bytes and each name by itself. When a sync fails, what was to be
/// synced can be read on, and never reaches the disk by a later one. A process that is killed loses
/// nothing.
///
/// SAFETY of `@unchecked Sendable`: a disk belongs to one play, which runs on one thread.
package final class SimulatedDisk: Storage, @unchecked Sendable {
  /// The counts of what was done to the disk, and of what it did.
  package private(set) var tally = DiskTally()
  /// The stop that is to come.
  package var stop: DiskStop?
  /// The number of syncs, of files or folders, after which one fails; nil for none.
  package var failingSync: Int?
  /// The probability with which a read fails.
  package var readFailures = 0.0
  /// The probability with which one bit of what is read is another.
  package var flippedReads = 0.0
  /// The part of its work that it forgets, on purpose.
  package let neglect: DiskNeglect?
  /// The number of times that the machine was started, from 1; files of before can't be used.
  private(set) var life = 1
  /// True from a stop to the next start.
  package private(set) var isDown = false

  private let root = DiskFolder()
  private var chance: RandomStream
  /// Files that were synced under a name that they were to lose, with ``DiskNeglect/order``.
  private var postponed: [String: DiskFile] = [:]
  /// The ledger's files, once there is a ledger.
  private var database: DatabaseFiles?

  /// An empty disk, whose losses are drawn from a stream of `seed`.
  package init(seed: UInt64, neglect: DiskNeglect? = nil) {
    chance = RandomStream(seed: seed).stream("disk")
    self.neglect = neglect
  }

  // MARK: Power

  /// Stops the machine at once; the power may go of one that has stopped.
  package func halt(losesPower: Bool) {
    if !isDown { tally.stops += 1 }
    isDown = true
    stop = nil
    postponed = [:]
    guard losesPower else { return }
    tally.powerLosses += 1
    root.losePower(&chance)
  }

  /// Starts the machine again.
  package func start() {
    isDown = false
    life += 1
    root.unlock()
    database?.restart()
  }

  /// An operation that changes the disk, or waits for it, has begun.
  ///
  /// - Returns: True if the machine stops with it, which may be done or not.
  private func begins(_ path: String) throws(LedgerError) -> Bool {
    try checkPower(path)
    tally.operations += 1
    guard let stop else { return false }
    if stop.operations > 0 {
      self.stop?.operations -= 1
      return false
    }
    return true
  }

  private func checkPower(_ path: String) throws(LedgerError) {
    if isDown { throw Self.down(path) }
  }

  private static func down(_ path: String) -> LedgerError {
    .system(path: path, operation: "anything without power", code: EIO)
  }

  /// Carries out an operation, after which the machine may stop.
  private func perform(
    _ path: String, _ work: () throws(LedgerError) -> Void
  ) throws(LedgerError) {
    let stops = try begins(path)
    try work()
    guard stops, let stop else { return }
    halt(losesPower: stop.losesPower)
    throw Self.down(path)
  }

  // MARK: Storage

  /// SQLite's file system over this disk.
  package var databaseFileSystem: String? {
    if database == nil { database = DatabaseFiles(on: self, neglect: neglect) }
    return database?.name
  }

  package func open(
    _ path: String, for purpose: FilePurpose, mode: UInt32
  ) throws(LedgerError) -> any StoredFile {
    try openFile(path, for: purpose, mode: mode)
  }

  func openFile(
    _ path: String, for purpose: FilePurpose, mode: UInt32
  ) throws(LedgerError) -> OpenDiskFile {
    try checkPower(path)
    let (folder, name) = try place(of: path)
    if let node = folder.entries[name] {
      guard let file = node as? DiskFile else { throw .isFolder(path: path) }
      switch purpose {
      case .making: throw .system(path: path, operation: "open", code: EEXIST)
      case .replacing: try perform(path) { () throws(LedgerError) in file.change(.truncation(0)) }
      case .reading, .changing, .keeping: break
      }
      return OpenDiskFile(file, at: path, on: self)
    }
    switch purpose {
    case .reading, .changing: throw .absent(path: path)
    case .making, .replacing, .keeping: break
    }
    let file = DiskFile(mode: mode)
    try perform(path) { () throws(LedgerError) in folder.change([name: file]) }
    return OpenDiskFile(file, at: path, on: self)
  }

  package func rename(_ old: String, to new: String) throws(LedgerError) {
    let (from, name) = try place(of: old)
    let (to, newName) = try place(of: new)
    guard let node = from.entries[name] else { throw .absent(path: old) }
    precondition(from === to, "files are renamed in their folders")
    guard !(to.entries[newName] is DiskFolder) else { throw .isFolder(path: new) }
    try perform(new) { () throws(LedgerError) in
      to.change(name == newName ? [:] : [name: nil, newName: node])
    }
    guard let file = postponed.removeValue(forKey: old) else { return }
    try sync(file, at: new)
  }

  package func unlink(_ path: String) throws(LedgerError) {
    let (folder, name) = try place(of: path)
    guard let node = folder.entries[name] else { throw .absent(path: path) }
    guard node is DiskFile else { throw .isFolder(path: path) }
    try perform(path) { () throws(LedgerError) in folder.change([name: nil]) }
  }

  package func makeDirectory(_ path: String) throws(LedgerError) {
    let (folder, name) = try place(of: path)
    guard folder.entries[name] == nil else { throw .exists(path: path) }
    try perform(path) { () throws(LedgerError) in folder.change([name: DiskFolder()]) }
  }

  package func removeDirectory(_ path: String) throws(LedgerError) {
    let (folder, name) = try place(of: path)
    guard let node = folder.entries[name] as? DiskFolder else { throw .absent(path: path) }
    guard node.entries.isEmpty else {
      throw .system(path: path, operation: "rmdir", code: ENOTEMPTY)
    }
    try perform(path) { () throws(LedgerError) in folder.change([name: nil]) }
  }

  package func names(in path: String) throws(LedgerError) -> [String] {
    try checkPower(path)
    return Array(try folder(at: path).entries.keys)
  }

  package func kind(of path: String) -> FileKind? {
    guard !isDown else { return nil }
    let parts = Self.parts(of: path)
    guard let name = parts.last else { return .folder }
    guard let node = node(parts.dropLast())?.entries[name] else { return nil }
    return node is DiskFolder ? .folder : .file
  }

  package func syncDirectory(_ path: String) throws(LedgerError) {
    let folder = try folder(at: path)
    if neglect == .folders { return try checkPower(path) }
    try synchronize(path, folder.sync, folder.fail)
  }

  // MARK: What open files ask for

  func change(_ file: DiskFile, at path: String, _ change: DiskFile.Change) throws(LedgerError) {
    try perform(path) { () throws(LedgerError) in file.change(change) }
  }

  func sync(_ file: DiskFile, at path: String) throws(LedgerError) {
    switch neglect {
    case .files: return try checkPower(path)
    case .order where path.hasSuffix(".partial"):
      postponed[path] = file
      return try checkPower(path)
    case .order, .folders, .commits, .log, nil: try synchronize(path, file.sync, file.fail)
    }
  }

  /// Brings to the disk what `write` does, unless that fails or the machine stops.
  private func synchronize(
    _ path: String, _ write: () -> Void, _ fail: (inout RandomStream) -> Void
  ) throws(LedgerError) {
    if try begins(path), let stop {
      halt(losesPower: stop.losesPower)
      throw Self.down(path)
    }
    tally.syncs += 1
    guard let left = failingSync else { return write() }
    failingSync = left > 0 ? left - 1 : nil
    guard left == 0 else { return write() }
    tally.failedSyncs += 1
    fail(&chance)
    throw .system(path: path, operation: "fsync", code: EIO)
  }

  /// Reads bytes of a file, of which one bit may be flipped.
  func read(_ file: DiskFile, at path: String, _ range: Range<Int>) throws(LedgerError) -> [UInt8] {
    var bytes = try readExactly(file, at: path, range)
    if flippedReads > 0, !bytes.isEmpty, chance.uniform() < flippedReads {
      tally.flippedReads += 1
      let bit = Int.random(in: 0..<8 * bytes.count, using: &chance)
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    return bytes
  }

  /// Reads bytes of a file, or fails.
  func readExactly(
    _ file: DiskFile, at path: String, _ range: Range<Int>
  ) throws(LedgerError) -> [UInt8] {
    try checkPower(path)
    if readFailures > 0, chance.uniform() < readFailures {
      tally.failedReads += 1
      throw .system(path: path, operation: "read", code: EIO)
    }
    return Array(file.bytes[range.clamped(to: file.bytes.indices)])
  }

  // MARK: What SQLite asks for

  /// The length of the file at a path; nil where there is none.
  func size(of path: String) -> Int? {
    guard let (folder, name) = try? place(of: path) else { return nil }
    return (folder.entries[name] as? DiskFile)?.bytes.count
  }

  /// Waits until the names in a file's folder are on the disk.
  func syncNames(besides path: String) throws(LedgerError) {
    try syncDirectory(Self.parts(of: path).dropLast().joined(separator: "/"))
  }

  // MARK: Paths

  private static func parts(of path: String) -> [String] {
    path.split(separator: "/").map(String.init)
  }

  private func node(_ parts: some Sequence<String>) -> DiskFolder? {
    var folder = root
    for part in parts {
      guard let next = folder.entries[part] as? DiskFolder else { return nil }
      folder = next
    }
    return folder
  }

  private func folder(at path: String) throws(LedgerError) -> DiskFolder {
    guard let folder = node(Self.parts(of: path)) else { throw .absent(path: path) }
    return folder
  }

  private func place(of path: String) throws(LedgerError) -> (folder: DiskFolder, name: String) {
    try checkPower(path)
    let parts = Self.parts(of: path)
    guard let name = parts.last, let folder = node(parts.dropLast()) else {
      throw .absent(path: path)
    }
    return (folder, name)
  }
}

/// A stop of the machine that is to come, in the middle of an operation on the disk.
package struct DiskStop: Hashable, Sendable {
  /// The number of operations that are still done.
  package var operations: Int
  /// True if the power goes, false if the process alone is killed.
  package var losesPower: Bool

  /// A stop after so many operations.
  package init(after operations: Int, losesPower: Bool) {
    self.operations = operations
    self.losesPower = losesPower
  }
}

/// A part of its work that a disk forgets, so that storage code seems to have left it out.
package enum DiskNeglect: Hashable, Sendable {
  /// Files aren't synced.
  case files
  /// Folders aren't synced.
  case folders
  /// A file gets its name first, and is synced then.
  case order
  /// The ledger's commits don't wait for the disk: `synchronous` isn't set to FULL.
  case commits
  /// The ledger isn't written ahead: it keeps a rollback journal.
  case log
}

/// The counts of what was done to a disk, and of what it did.
package struct DiskTally: Hashable, Sendable {
  /// The operations that changed it or waited for it.
  package var operations = 0
  /// The syncs that were asked for.
  package var syncs = 0
  /// The times that the machine stopped, the power going or not.
  package var stops = 0
  /// The times that the power went.
  package var powerLosses = 0
  /// The syncs that failed.
  package var failedSyncs = 0
  /// The reads that failed.
  package var failedReads = 0
  /// The reads that brought a flipped bit.
  package var flippedReads = 0

  /// The faults of the disk, but for stops.
  package var faults: Int { failedSyncs + failedReads + flippedReads }
}
