public import Foundation

/// The resume points of a run: its ledger, checkpoints and spool as they were at one moment, and
/// what else it takes to go on from there.
///
/// One directory for each, `resume/1`, `resume/2`, …, of which the newest whole one counts; the
/// file `state.safetensors` is written last, so that a kill leaves a whole point or none.
public struct ResumePointStore: Sendable {
  private let paths: RunPaths
  private let storage: any Storage
  private static let stateName = "state.safetensors"

  /// The resume points of the run in the directory of `paths`.
  public init(of paths: RunPaths, on storage: any Storage = SystemStorage()) {
    self.paths = paths
    self.storage = storage
  }

  /// Keeps the run as it is now, with a state beside it; older points go.
  ///
  /// - Parameters:
  ///   - ledger: The run's ledger.
  ///   - state: Makes the state; it may write files of its own into the point's directory, which
  ///     must be on the disk when it returns.
  /// - Throws: ``LedgerError`` and what `state` throws; older points are then still there.
  public func write(ledger: RunStore, state: (URL) throws -> Checkpoint) throws {
    try write(copyingLedger: { try ledger.copy(to: $0) }, state: state)
  }

  /// Keeps the run as it is now, with a ledger that is copied to where it belongs, and synced.
  ///
  /// - Throws: ``LedgerError`` and what `copy` and `state` throw;
  ///   older points are then still there.
  package func write(
    copyingLedger copy: (URL) throws -> Void, state: (URL) throws -> Checkpoint
  ) throws {
    let older = try numbers()
    let directory = directory(of: (older.last ?? 0) + 1)
    try DurableFile.makeDirectory(paths.resumePoints, on: storage)
    try DurableFile.removeAll(at: directory, on: storage)  // what a kill left of one
    let kept = RunPaths(directory)
    try DurableFile.makeDirectory(directory, on: storage)
    try copy(kept.ledger)
    try copyFiles(in: paths.checkpoints, to: kept.checkpoints)
    try copyFiles(in: paths.spool, to: kept.spool)
    let state = try state(directory)
    try DurableFile.write(
      try state.encoded(), to: directory.appending(path: Self.stateName),
      on: storage)
    // The names of this point and of the folder of all: before the others go it must be there.
    try storage.syncDirectory(paths.resumePoints.filePath)
    try storage.syncDirectory(paths.directory.filePath)
    for number in older { try remove(number) }
  }

  /// The state of the newest point that is whole, and where it lies; nil if there is none.
  ///
  /// - Throws: ``LedgerError`` where the directory can't be read, or a point is of a later version;
  ///   damage doesn't throw.
  public func latest() throws(LedgerError) -> (state: Checkpoint, directory: URL)? {
    for number in try numbers().reversed() {
      let directory = directory(of: number)
      let file = directory.appending(path: Self.stateName)
      do throws(LedgerError) {
        let state = try DurableFile.read(file, on: storage) { bytes throws(LedgerError) in
          try Checkpoint(decoding: bytes, path: file.filePath)
        }
        return (state, directory)
      } catch .damaged {
        continue
      } catch .absent {
        continue
      }
    }
    return nil
  }

  /// Puts ledger, checkpoints and spool back to where they were at the point in `directory`.
  ///
  /// A kill on the way leaves the point as it is: it can be restored again.
  public func restore(from directory: URL) throws(LedgerError) {
    let kept = RunPaths(directory)
    // What is restored from stays: it may be there in memory alone.
    for folder in [directory, paths.resumePoints, paths.directory] {
      try storage.syncDirectory(folder.filePath)
    }
    for file in RunPaths.sideFiles(of: paths.ledger) {
      try DurableFile.remove(file, on: storage)
    }
    try DurableFile.write(
      try DurableFile.read(kept.ledger, on: storage), to: paths.ledger, on: storage)
    for (part, source) in [
      (paths.checkpoints, kept.checkpoints), (paths.spool, kept.spool),
    ] {
      let names = try DurableFile.names(in: source, on: storage)
      for name in try DurableFile.names(in: part, on: storage) where !names.contains(name) {
        try DurableFile.remove(part.appending(path: name), on: storage)
      }
      try copyFiles(in: source, to: part)
    }
  }

  /// Removes all points.
  public func clear() throws(LedgerError) {
    for number in try numbers() { try remove(number) }
    try? DurableFile.removeAll(at: paths.resumePoints, on: storage)
  }

  /// The numbers of the points that there are, whole or not, in rising order.
  private func numbers() throws(LedgerError) -> [Int] {
    guard storage.kind(of: paths.resumePoints.filePath) != nil else { return [] }
    return try DurableFile.names(in: paths.resumePoints, on: storage).compactMap { Int($0) }
      .sorted()
  }

  private func directory(of number: Int) -> URL {
    paths.resumePoints.appending(path: "\(number)", directoryHint: .isDirectory)
  }

  /// The state goes first, so that what is left isn't taken for a point.
  private func remove(_ number: Int) throws(LedgerError) {
    let directory = directory(of: number)
    try DurableFile.remove(directory.appending(path: Self.stateName), on: storage)
    try DurableFile.removeAll(at: directory, on: storage)
  }

  private func copyFiles(in source: URL, to target: URL) throws(LedgerError) {
    try DurableFile.makeDirectory(target, on: storage)
    for name in try DurableFile.names(in: source, on: storage) {
      try DurableFile.write(
        try DurableFile.read(source.appending(path: name), on: storage),
        to: target.appending(path: name), on: storage)
    }
  }
}
