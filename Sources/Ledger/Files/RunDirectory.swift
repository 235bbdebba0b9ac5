public import Foundation
import Synchronization

/// A run directory that this process alone works on, by a lock that the system drops when it dies.
public final class RunDirectory: Sendable {
  /// Where the parts of the run lie.
  public let paths: RunPaths
  private let lock: Mutex<DirectoryLock?>

  /// Makes a directory for a new run, with its parents; an empty one may be there.
  ///
  /// - Throws: `exists` where a run is, `foreign` where anything else is, `locked`, `readOnly`.
  public static func create(at url: URL) throws(LedgerError) -> RunDirectory {
    let paths = RunPaths(url)
    try DurableFile.makeDirectory(url)
    try refuseContents(of: paths)
    let lock = try DirectoryLock(paths)
    try refuseContents(of: paths)  // another process may have been faster
    for part in [paths.checkpoints, paths.spool] { try DurableFile.makeDirectory(part) }
    return RunDirectory(paths: paths, lock: lock)
  }

  /// Opens the directory of an existing run, to go on with it.
  ///
  /// - Throws: `missing` where no run is, `locked`, `readOnly`.
  public static func open(at url: URL) throws(LedgerError) -> RunDirectory {
    let paths = RunPaths(url)
    guard FileManager.default.fileExists(atPath: paths.ledger.path(percentEncoded: false)) else {
      throw .missing(path: url.path(percentEncoded: false))
    }
    let lock = try DirectoryLock(paths)
    for part in [paths.checkpoints, paths.spool] { try DurableFile.makeDirectory(part) }
    return RunDirectory(paths: paths, lock: lock)
  }

  private init(paths: RunPaths, lock: consuming DirectoryLock) {
    self.paths = paths
    self.lock = Mutex(lock)
  }

  /// Lets other processes have the directory; so does the end of this value's life.
  public func release() { lock.withLock { $0 = nil } }

  private static func refuseContents(of paths: RunPaths) throws(LedgerError) {
    let path = paths.directory.path(percentEncoded: false)
    let names = try DurableFile.names(in: paths.directory)
    if names.contains(paths.ledger.lastPathComponent) { throw .exists(path: path) }
    // What a run leaves that was killed before its ledger was there may be used again.
    let empty = [paths.lock, paths.checkpoints, paths.spool].map(\.lastPathComponent)
    let partial = RunPaths.partial(paths.ledger).lastPathComponent  // and its side files
    if let file = names.first(where: { !empty.contains($0) && !$0.hasPrefix(partial) }) {
      throw .foreign(path: path, file: file)
    }
  }
}
