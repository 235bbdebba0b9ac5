public import Foundation
import Synchronization

/// A run directory that this process alone works on, by a lock that the system drops when it dies.
///
/// One for a new run is made in two steps: named first, so that what is in the way is told at once,
/// and made by ``make()`` when all else that a run needs is there. A start that fails before leaves
/// nothing behind.
public final class RunDirectory: Sendable {
  /// The state of the directory so far.
  private enum State: Sendable {
    /// Nothing: the first place that is free becomes the run's.
    case named(places: @Sendable (Int) -> URL, number: Int, isNumbered: Bool)
    /// An earlier run, whose files give way to those of a new one.
    case occupied
    /// All of it.
    case made
  }

  /// The places of the run's parts, made or not.
  public var paths: RunPaths { place.withLock { $0 } }
  private let storage: any Storage
  private let place: Mutex<RunPaths>
  private let state: Mutex<State>
  private let lock: Mutex<DirectoryLock?>

  private init(
    paths: RunPaths, state: State, lock: consuming DirectoryLock?, on storage: any Storage
  ) {
    self.storage = storage
    place = Mutex(paths)
    self.state = Mutex(state)
    self.lock = Mutex(lock)
  }

  /// Names a directory for a new run, which ``make()`` makes; nothing is changed.
  ///
  /// - Throws: `exists` where a run is, `foreign` where anything else is.
  public static func named(
    _ url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunDirectory {
    let paths = RunPaths(url)
    if storage.kind(of: url.filePath) != nil { try refuseContents(of: paths, on: storage) }
    return RunDirectory(
      paths: paths, state: .named(places: { _ in url }, number: 1, isNumbered: false), lock: nil,
      on: storage)
  }

  /// Names the first of the directories 1, 2, … that isn't there; if another process takes it
  /// before ``make()`` does, the run gets the next.
  public static func firstFree(of places: @escaping @Sendable (Int) -> URL) -> RunDirectory {
    let storage = SystemStorage()
    let number = firstFree(of: places, from: 1, on: storage)
    return RunDirectory(
      paths: RunPaths(places(number)),
      state: .named(places: places, number: number, isNumbered: true), lock: nil, on: storage)
  }

  /// Names the directory of a run for a new one; ``make()`` removes what the old one left.
  ///
  /// - Throws: `missing` where no run is, `locked`, `readOnly`.
  public static func replacing(
    at url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunDirectory {
    let paths = RunPaths(url)
    guard storage.kind(of: paths.ledger.filePath) != nil else {
      throw .missing(path: url.filePath)
    }
    return RunDirectory(
      paths: paths, state: .occupied, lock: try DirectoryLock(paths, on: storage), on: storage)
  }

  /// Makes a directory for a new run, with its parents; an empty one may be there.
  ///
  /// - Throws: `exists` where a run is, `foreign` where anything else is, `locked`, `readOnly`.
  public static func create(
    at url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunDirectory {
    let directory = try named(url, on: storage)
    try directory.make()
    return directory
  }

  /// Opens the directory of an existing run, to go on with it.
  ///
  /// - Throws: `missing` where no run is, `locked`, `readOnly`.
  public static func open(
    at url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> RunDirectory {
    let directory = try replacing(at: url, on: storage)
    try directory.makeParts()
    directory.state.withLock { $0 = .made }
    return directory
  }

  /// Makes what was named, with its parents, or gives an earlier run's place to a new one; does
  /// nothing where that was done.
  ///
  /// - Throws: `exists` where a run is by now, `foreign` where anything else is, `locked`,
  ///   `readOnly`.
  public func make() throws(LedgerError) {
    switch state.withLock({ $0 }) {
    case .made: return
    case .occupied: try removeRun()
    case .named(_, _, isNumbered: false): try claim()
    case .named(let places, var number, isNumbered: true):
      while true {
        do throws(LedgerError) {
          try claim()
          break
        } catch .exists, .foreign, .locked {
          // Another process was faster.
          number = Self.firstFree(of: places, from: number + 1, on: storage)
          let next = RunPaths(places(number))
          place.withLock { $0 = next }
        }
      }
    }
    try makeParts()
    state.withLock { $0 = .made }
  }

  /// Lets other processes have the directory; so does the end of this value's life.
  public func release() { lock.withLock { $0 = nil } }

  private static func firstFree(
    of places: (Int) -> URL, from first: Int, on storage: any Storage
  ) -> Int {
    var number = first
    while storage.kind(of: places(number).filePath) != nil { number += 1 }
    return number
  }

  /// Makes and locks a directory that is empty, or holds what a run left before its ledger was
  /// there.
  private func claim() throws(LedgerError) {
    let paths = paths
    try DurableFile.makeDirectory(paths.directory, on: storage)
    // One that was there may have been made by a process that was killed before it was durable.
    try DurableFile.syncFolder(paths.directory.filePath, on: storage)
    try Self.refuseContents(of: paths, on: storage)
    let taken = try DirectoryLock(paths, on: storage)
    try Self.refuseContents(of: paths, on: storage)  // another process may have been faster
    hold(taken)
  }

  private func hold(_ taken: consuming DirectoryLock) {
    var taken: DirectoryLock? = taken
    lock.withLock { lock in lock = taken.take() }
  }

  private func makeParts() throws(LedgerError) {
    let paths = paths
    for part in [paths.checkpoints, paths.spool] {
      try DurableFile.makeDirectory(part, on: storage)
      try DurableFile.syncFolder(part.filePath, on: storage)
    }
  }

  /// Removes what a run left that is to be run anew.
  private func removeRun() throws(LedgerError) {
    let paths = paths
    let own =
      ([paths.ledger] + RunPaths.sideFiles(of: paths.ledger)
      + [
        paths.checkpoints, paths.spool, paths.resumePoints, paths.clients, paths.model,
        paths.bestModel,
        paths.topology, paths.log, paths.report, paths.epoch, paths.control, paths.evictions,
      ]).map(\.lastPathComponent)
    // What reports for TensorBoard are called depends on when they were written.
    for name in try DurableFile.names(in: paths.directory, on: storage)
    where own.contains(name) || name.hasPrefix("events.out.tfevents.") {
      try DurableFile.removeAll(at: paths.directory.appending(path: name), on: storage)
    }
  }

  private static func refuseContents(
    of paths: RunPaths, on storage: any Storage
  ) throws(LedgerError) {
    let path = paths.directory.filePath
    let names = try DurableFile.names(in: paths.directory, on: storage)
    if names.contains(paths.ledger.lastPathComponent) { throw .exists(path: path) }
    // What a run leaves that was killed before its ledger was there may be used again.
    let empty = [paths.lock, paths.checkpoints, paths.spool].map(\.lastPathComponent)
    let partial = RunPaths.partial(paths.ledger).lastPathComponent  // and its side files
    if let file = names.first(where: { !empty.contains($0) && !$0.hasPrefix(partial) }) {
      throw .foreign(path: path, file: file)
    }
  }
}

/// The lock on a run directory, flock(2) on a file in it that names the holder.
struct DirectoryLock: ~Copyable {
  private let file: any StoredFile

  init(_ paths: RunPaths, on storage: any Storage) throws(LedgerError) {
    let file = try storage.open(paths.lock.filePath, for: .keeping, mode: 0o644)
    guard try file.lock() else {
      let holder = String(decoding: try file.read(20, at: 0), as: UTF8.self)
      throw .locked(
        path: paths.directory.filePath,
        process: Int(holder.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
    try file.truncate(to: 0)
    try file.write(Array("\(getpid())\n".utf8))
    self.file = file
  }

  // A process that is being started has a copy of the file until it begins its program, so that
  // closing it here alone would leave the lock in place for that long.
  deinit { file.unlock() }
}
