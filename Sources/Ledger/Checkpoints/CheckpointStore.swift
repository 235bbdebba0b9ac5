public import Foundation

/// The checkpoints of a run: the newest, and the one before it in case the newest is damaged.
public struct CheckpointStore: Sendable {
  /// The newest usable checkpoint, and what was passed over to find it.
  public struct Found: Sendable {
    /// The checkpoint; nil if there is none that can be used.
    public var checkpoint: Checkpoint?
    /// The faults of the newer ones.
    public var damaged: [LedgerError]
    /// The rounds of those that are newer than what was asked for, newest first.
    public var newer: [Int] = []
  }

  private static let kept = 2
  private static let prefix = "round-"
  private static let suffix = ".safetensors"
  private let directory: URL
  private let storage: any Storage

  /// The checkpoints in `directory`, which is made when the first is written.
  public init(directory: URL, on storage: any Storage = SystemStorage()) {
    self.directory = directory
    self.storage = storage
  }

  /// Writes a checkpoint, whole or not at all, then removes all but the two newest.
  public func write(_ checkpoint: Checkpoint) throws(LedgerError) {
    precondition(checkpoint.round >= 0, "a checkpoint after round \(checkpoint.round)")
    try DurableFile.makeDirectory(directory, on: storage)
    let name = "\(Self.prefix)\(checkpoint.round)\(Self.suffix)"
    try DurableFile.replace(
      directory.appending(path: name), with: checkpoint.encoded(), before: .checkpointWritten,
      on: storage)
    KillPoint.checkpointRenamed.pass()
    for round in try rounds().filter({ $0 <= checkpoint.round }).dropFirst(Self.kept) {
      try DurableFile.remove(url(of: round), on: storage)
    }
    let future = try rounds().filter { $0 > checkpoint.round }
    for round in future { try DurableFile.remove(url(of: round), on: storage) }
    // What was taken back must not come back with the power.
    if !future.isEmpty { try storage.syncDirectory(directory.filePath) }
  }

  /// Writes a checkpoint that was found once more, so that what follows may rely on it.
  ///
  /// The process that wrote it may have been killed before it was on the disk, or have failed to
  /// bring it there: then the system reads it from memory alone, and another sync changes nothing.
  ///
  /// - Throws: ``LedgerError``; the run must not go on then.
  public func secure(_ checkpoint: Checkpoint) throws(LedgerError) {
    try DurableFile.replace(url(of: checkpoint.round), with: checkpoint.encoded(), on: storage)
  }

  /// The newest checkpoint that is whole, of those after no later round than `last`.
  ///
  /// - Throws: ``LedgerError`` where the directory can't be read, or a checkpoint is of a later
  ///   version; damage doesn't throw.
  public func latest(notAfter last: Int = .max) throws(LedgerError) -> Found {
    var damaged: [LedgerError] = []
    guard storage.kind(of: directory.filePath) != nil else {
      return Found(checkpoint: nil, damaged: [])
    }
    let rounds = try rounds()
    let newer = rounds.filter { $0 > last }
    for round in rounds where round <= last {
      let url = url(of: round)
      do throws(LedgerError) {
        let checkpoint = try DurableFile.read(url, on: storage) { bytes throws(LedgerError) in
          let checkpoint = try Checkpoint(decoding: bytes, path: url.filePath)
          guard checkpoint.round == round else {
            throw .damaged(
              path: url.filePath, problem: "it is the checkpoint after round \(checkpoint.round)")
          }
          return checkpoint
        }
        return Found(checkpoint: checkpoint, damaged: damaged, newer: newer)
      } catch .damaged(let path, let problem) {
        damaged.append(.damaged(path: path, problem: problem))
      }
    }
    return Found(checkpoint: nil, damaged: damaged, newer: newer)
  }

  private func url(of round: Int) -> URL {
    directory.appending(path: "\(Self.prefix)\(round)\(Self.suffix)")
  }

  /// The rounds of which there are files, newest first.
  private func rounds() throws(LedgerError) -> [Int] {
    try DurableFile.names(in: directory, on: storage).compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      return Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
    }.sorted(by: >)
  }
}
