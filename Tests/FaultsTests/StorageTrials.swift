import Faults
import Foundation
import Ledger

/// Some work on storage, and what must hold of it once the power is back.
///
/// The code that works and recovers is that of real runs.
protocol StorageTrial {
  init()

  /// What is there before anything goes wrong.
  mutating func prepare(on disk: SimulatedDisk) throws

  /// The work, which ends with an error where the disk stops or fails; what it promised is noted.
  mutating func work(on disk: SimulatedDisk) throws

  /// Recovers as a new process does, and promises what it will.
  ///
  /// - Returns: The promises that are broken.
  mutating func recover(on disk: SimulatedDisk) throws -> [String]
}

extension StorageTrial {
  static var place: URL { URL(fileURLWithPath: "/disk/run", isDirectory: true) }
}

/// A file that is replaced: it is the old one or the new one.
struct FileTrial: StorageTrial {
  private var versions: ClosedRange<Int> = 0...0
  private let file = Self.place.appending(path: "file")

  /// A few sectors, the last of which isn't full.
  private func contents(_ version: Int) -> [UInt8] {
    (0..<1700 + version).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ version) }
  }

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
    try DurableFile.write(contents(0), to: file, on: disk)
  }

  mutating func work(on disk: SimulatedDisk) throws {
    for version in 1...2 {
      versions = versions.lowerBound...version
      try DurableFile.write(contents(version), to: file, on: disk)
      versions = version...version
    }
  }

  func recover(on disk: SimulatedDisk) throws -> [String] {
    let bytes = try DurableFile.read(file, on: disk)
    return versions.contains { bytes == contents($0) }
      ? [] : ["\(bytes.count) bytes are none of the versions \(versions)"]
  }
}

/// The record of incarnations: the next one is higher than all that began.
struct EpochTrial: StorageTrial {
  private var used = 0
  private let paths = RunPaths(Self.place)

  private mutating func begin(on disk: SimulatedDisk) throws {
    let next = try EpochRecord(in: paths, on: disk).latest() + 1
    try EpochRecord(in: paths, on: disk).begin(next)
    used = next
  }

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
  }

  mutating func work(on disk: SimulatedDisk) throws { for _ in 0..<3 { try begin(on: disk) } }

  mutating func recover(on disk: SimulatedDisk) throws -> [String] {
    let before = used
    try begin(on: disk)
    return used > before ? [] : ["incarnation \(used) begins after \(before)"]
  }
}

/// The checkpoints of four rounds: the newest that was promised is whole.
struct CheckpointTrial: StorageTrial {
  private var kept = 0
  private let folder = Self.place.appending(path: "checkpoint", directoryHint: .isDirectory)

  private func checkpoint(after round: Int) -> Checkpoint {
    Checkpoint(
      round: round, state: Data("{\"round\":\(round)}".utf8),
      bytes: ["norms": [UInt8](repeating: UInt8(round), count: 900 * round)])
  }

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
  }

  mutating func work(on disk: SimulatedDisk) throws {
    for round in 1...4 {
      try CheckpointStore(directory: folder, on: disk).write(checkpoint(after: round))
      kept = round
    }
  }

  mutating func recover(on disk: SimulatedDisk) throws -> [String] {
    let store = CheckpointStore(directory: folder, on: disk)
    let found = try store.latest()
    guard found.damaged.isEmpty else { return ["\(found.damaged)"] }
    guard let latest = found.checkpoint else { return kept == 0 ? [] : ["no checkpoint is there"] }
    guard latest.round >= kept else { return ["round \(latest.round) of \(kept) is there"] }
    guard latest == checkpoint(after: latest.round) else { return ["another one is there"] }
    try store.secure(latest)
    kept = latest.round
    return []
  }
}

/// The spool of a round: what was acknowledged is there, and all that is there is right.
struct SpoolTrial: StorageTrial {
  private var acknowledged: Set<Int> = []
  private let folder = Self.place.appending(path: "spool", directoryHint: .isDirectory)

  private func update(of client: Int) -> [UInt8] {
    (0..<700 + 90 * client).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ client) }
  }

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
    try Spool(directory: folder, round: 1, on: disk).store(client: 9, attempt: 1, update(of: 9))
  }

  mutating func work(on disk: SimulatedDisk) throws {
    let spool = try Spool(directory: folder, round: 2, on: disk)
    for batch in [[3], [0, 5], [1, 2, 4]] {
      for client in batch {
        try spool.append(client: client, attempt: 1, update(of: client))
      }
      try spool.sync()
      acknowledged.formUnion(batch)
    }
  }

  mutating func recover(on disk: SimulatedDisk) throws -> [String] {
    let spool = try Spool(directory: folder, round: 2, on: disk)
    let found = Set(spool.entries.map(\.client))
    for entry in spool.entries where try spool.read(entry) != update(of: entry.client) {
      return ["the update of client \(entry.client) is another one"]
    }
    let lost = acknowledged.subtracting(found)
    acknowledged = found  // the broker confirms them all
    return lost.isEmpty ? [] : ["the updates of \(lost.sorted()) were acknowledged, and are gone"]
  }
}

/// A run directory that is made: once it is, what is put into it stays.
struct DirectoryTrial: StorageTrial {
  private var isThere = false

  mutating func prepare(on disk: SimulatedDisk) throws {}

  private mutating func make(on disk: SimulatedDisk) throws {
    let run = try RunDirectory.create(at: Self.place, on: disk)
    try EpochRecord(in: run.paths, on: disk).begin(1)
    try Spool(directory: run.paths.spool, round: 1, on: disk).store(client: 3, attempt: 1, [1, 2])
    isThere = true
  }

  private static func names(on disk: SimulatedDisk) throws -> [String] {
    disk.kind(of: place.path) == nil ? [] : try DurableFile.names(in: place, on: disk)
  }

  mutating func work(on disk: SimulatedDisk) throws { try make(on: disk) }

  mutating func recover(on disk: SimulatedDisk) throws -> [String] {
    let paths = RunPaths(Self.place)
    guard isThere else {
      // A run with a record of its incarnation isn't made twice.
      for name in try Self.names(on: disk) where name.hasPrefix("epoch") {
        try DurableFile.remove(Self.place.appending(path: name), on: disk)
      }
      try make(on: disk)
      return []
    }
    guard try EpochRecord(in: paths, on: disk).latest() == 1 else { return ["no incarnation"] }
    let spool = try Spool(directory: paths.spool, round: 1, on: disk)
    return spool.entries.map(\.client) == [3] ? [] : ["the update is gone"]
  }
}

/// A file that is removed for good: it doesn't come back.
struct RemovalTrial: StorageTrial {
  private var isGone = false
  private let file = Self.place.appending(path: "evicted")

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
    try DurableFile.write([49, 10], to: file, on: disk)
  }

  mutating func work(on disk: SimulatedDisk) throws {
    try DurableFile.removeDurably(file, on: disk)
    isGone = true
  }

  func recover(on disk: SimulatedDisk) throws -> [String] {
    let isThere = disk.kind(of: file.path) != nil
    return isThere && isGone ? ["what was removed is there again"] : []
  }
}

/// The points that a run in virtual time goes on from: the newest that was written is whole.
struct ResumeTrial: StorageTrial {
  private var kept = 0
  private let paths = RunPaths(Self.place)

  private func bytes(_ point: Int) -> [UInt8] { [UInt8](repeating: UInt8(point), count: 1100) }

  mutating func prepare(on disk: SimulatedDisk) throws {
    for folder in [paths.checkpoints, paths.spool] {
      try DurableFile.makeDirectory(folder, on: disk)
    }
    try write(1, on: disk)
  }

  private mutating func write(_ point: Int, on disk: SimulatedDisk) throws {
    let checkpoint = paths.checkpoints.appending(path: "round")
    try DurableFile.write(bytes(point), to: checkpoint, on: disk)
    try ResumePointStore(of: paths, on: disk).write { place in
      let copy = try disk.open(place.path, for: .making, mode: 0o644)
      try copy.write(bytes(point))
      try copy.sync()
    } state: { _ in
      Checkpoint(round: point)
    }
    kept = point
  }

  mutating func work(on disk: SimulatedDisk) throws {
    for point in 2...3 { try write(point, on: disk) }
  }

  func recover(on disk: SimulatedDisk) throws -> [String] {
    let store = ResumePointStore(of: paths, on: disk)
    guard let (state, folder) = try store.latest() else { return ["there is no point"] }
    guard state.round >= kept else { return ["point \(state.round) of \(kept) is there"] }
    try store.restore(from: folder)
    let files = [paths.ledger, paths.checkpoints.appending(path: "round")]
    for file in files where try DurableFile.read(file, on: disk) != bytes(state.round) {
      return ["\(file.lastPathComponent) isn't that of point \(state.round)"]
    }
    return []
  }
}
