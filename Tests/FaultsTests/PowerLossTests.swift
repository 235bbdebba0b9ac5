import Faults
import Foundation
import Ledger
import Testing

/// What was promised outlives the loss of all that wasn't synced, at whatever operation it comes.
@Suite struct PowerLossTests {
  private let trials: [any StorageTrial.Type] = [
    FileTrial.self, EpochTrial.self, CheckpointTrial.self, SpoolTrial.self, DirectoryTrial.self,
    RemovalTrial.self, ResumeTrial.self, NewLedgerTrial.self, LedgerTrial.self,
  ]

  /// The operations of a trial's work.
  private func operations(of trial: any StorageTrial.Type) throws -> Range<Int> {
    let disk = SimulatedDisk(seed: 0)
    var trial = trial.init()
    try trial.prepare(on: disk)
    let before = disk.tally.operations
    try trial.work(on: disk)
    return before..<disk.tally.operations
  }

  /// The seeds of a trial's losses; SQLite takes more operations, and more time for each.
  private func seeds(of type: any StorageTrial.Type, at number: Int) -> Range<UInt64> {
    guard usesSQLite(type) else { return 0..<12 }
    return UInt64(number)..<UInt64(number) + 1
  }

  private func usesSQLite(_ type: any StorageTrial.Type) -> Bool {
    type == LedgerTrial.self || type == NewLedgerTrial.self
  }

  /// Takes the power away at each operation of a trial, and again after it was recovered from.
  private func problems(
    of type: any StorageTrial.Type, losesPower: Bool, neglect: DiskNeglect? = nil
  ) throws -> [String] {
    var problems: [String] = []
    let step = usesSQLite(type) && !losesPower ? 5 : 1
    for operation in stride(from: 0, to: try operations(of: type).count, by: step) {
      // One that is noticed will do.
      if neglect != nil, !problems.isEmpty { break }
      for seed in seeds(of: type, at: operation) {
        let disk = SimulatedDisk(seed: seed, neglect: neglect)
        var trial = type.init()
        try trial.prepare(on: disk)
        disk.stop = DiskStop(after: operation, losesPower: losesPower)
        let isDone: Void? = try? trial.work(on: disk)
        // A ledger is closed last, which nobody relies on.
        #expect(isDone == nil || neglect != nil || usesSQLite(type))
        for _ in 0..<2 {
          disk.halt(losesPower: losesPower)
          disk.start()
          do { problems += try trial.recover(on: disk) } catch { problems.append("\(error)") }
        }
      }
    }
    return problems
  }

  @Test(arguments: 0..<9, [true, false])
  func `what was promised outlives a stop at any operation`(trial: Int, losesPower: Bool) throws {
    let type = trials[trial]
    #expect(try operations(of: type).count > 1)
    #expect(try problems(of: type, losesPower: losesPower) == [], "\(type)")
  }

  @Test(arguments: [DiskNeglect.files, .folders, .order])
  func `a sync that is left out is noticed, and one that comes too late`(
    neglect: DiskNeglect
  ) throws {
    for type in trials where type != DirectoryTrial.self && type != RemovalTrial.self {
      // The spool and a ledger that is there give no new file a name; a torn resume point is passed
      // over for the one before.
      let isSafe =
        type == SpoolTrial.self || type == ResumeTrial.self || type == LedgerTrial.self
      guard neglect != .order || !isSafe else { continue }
      #expect(try !problems(of: type, losesPower: true, neglect: neglect).isEmpty, "\(type)")
    }
  }

  /// The first fault is one that ledgers had; in the second the removal of a journal isn't synced.
  @Test(arguments: [DiskNeglect.commits, .log])
  func `a ledger is noticed whose commits don't wait for the disk, or that isn't written ahead`(
    neglect: DiskNeglect
  ) throws {
    #expect(try !problems(of: LedgerTrial.self, losesPower: true, neglect: neglect).isEmpty)
  }

  /// A failed sync ends the process; the next one finds in memory what never reached the disk.
  @Test(arguments: 0..<9)
  func `what is confirmed after a failed sync and a restart is on the disk`(trial: Int) throws {
    let type = trials[trial]
    for sync in 0..<24 {
      for seed in seeds(of: type, at: sync) {
        let disk = SimulatedDisk(seed: seed)
        var trial = type.init()
        try trial.prepare(on: disk)
        disk.failingSync = sync
        let isDone: Void? = try? trial.work(on: disk)
        // SQLite passes over failures of no consequence: of a log that is folded, then made anew.
        if !usesSQLite(type) {
          #expect((isDone == nil) == (disk.tally.failedSyncs == 1), "a failure isn't passed over")
        }
        disk.failingSync = nil
        for losesPower in [false, true] {
          disk.halt(losesPower: losesPower)
          disk.start()
          let problems = try trial.recover(on: disk)
          #expect(problems == [], "\(type), sync \(sync), seed \(seed)")
        }
      }
    }
  }

  @Test func `a spool whose sync failed takes nothing more, and confirms nothing`() throws {
    let disk = SimulatedDisk(seed: 0)
    let folder = URL(fileURLWithPath: "/spool", isDirectory: true)
    let spool = try Spool(directory: folder, round: 1, on: disk)
    try spool.append(client: 0, attempt: 1, [1])
    disk.failingSync = 0
    #expect(throws: LedgerError.self) { try spool.sync() }
    #expect(throws: LedgerError.self) { try spool.sync() }
    #expect(throws: LedgerError.self) { try spool.append(client: 1, attempt: 1, [1]) }
  }

  @Test(arguments: 0..<60 as Range<UInt64>)
  func `a reading at fault loses nothing, and brings nothing wrong`(seed: UInt64) throws {
    let types: [any StorageTrial.Type] = [EpochTrial.self, CheckpointTrial.self, SpoolTrial.self]
    for type in types {
      let disk = SimulatedDisk(seed: seed)
      var trial = type.init()
      try trial.prepare(on: disk)
      try trial.work(on: disk)
      disk.flippedReads = 0.2
      // Where no two readings agree that is said, and the next process finds all of it.
      var problems: [String] = []
      do { problems += try trial.recover(on: disk) } catch LedgerError.system {}
      disk.flippedReads = 0
      disk.readFailures = 0.5
      do { problems += try trial.recover(on: disk) } catch LedgerError.system {}
      disk.readFailures = 0
      disk.halt(losesPower: true)
      disk.start()
      problems += try trial.recover(on: disk)
      #expect(problems == [], "\(type)")
    }
  }

  @Test func `a run directory has one owner, until the process ends`() throws {
    let disk = SimulatedDisk(seed: 0)
    let place = URL(fileURLWithPath: "/run", isDirectory: true)
    let first = try RunDirectory.create(at: place, on: disk)
    #expect(throws: LedgerError.self) { try RunDirectory.create(at: place, on: disk) }
    disk.halt(losesPower: false)
    disk.start()
    try RunDirectory.create(at: place, on: disk).release()
    withExtendedLifetime(first) {}
  }
}

/// The disk is no better and no worse than POSIX.
@Suite struct SimulatedDiskTests {
  private func left(
    seed: UInt64, _ work: (SimulatedDisk) throws -> Void
  ) throws -> [String: [UInt8]] {
    let disk = SimulatedDisk(seed: seed)
    try work(disk)
    disk.halt(losesPower: true)
    disk.start()
    var files: [String: [UInt8]] = [:]
    for name in try disk.names(in: "/") {
      let file = try disk.open("/\(name)", for: .reading, mode: 0)
      files[name] = try file.read(try file.size(), at: 0)
    }
    return files
  }

  @Test func `what isn't synced may be lost, torn by sectors, or kept`() throws {
    let bytes = [UInt8](repeating: 7, count: 2000)
    var kinds: Set<String> = []
    for seed in UInt64(0)..<200 {
      let files = try left(seed: seed) { disk in
        let file = try disk.open("/a", for: .keeping, mode: 0o600)
        try disk.syncDirectory("/")
        try file.write(bytes)
      }
      let found = try #require(files["a"])
      switch found {
      case []: kinds.insert("lost")
      case bytes: kinds.insert("kept")
      case _ where found.contains(0): kinds.insert("with a hole")
      default: kinds.insert("cut")
      }
    }
    #expect(kinds == ["lost", "kept", "with a hole", "cut"])
  }

  @Test func `a name may be lost though the bytes are there, and a renaming undone`() throws {
    var names: Set<[String]> = []
    for seed in UInt64(0)..<100 {
      let files = try left(seed: seed) { disk in
        let file = try disk.open("/a", for: .keeping, mode: 0o600)
        try file.write([1])
        try file.sync()
        try disk.syncDirectory("/")
        try disk.rename("/a", to: "/b")
        _ = try disk.open("/c", for: .making, mode: 0o600)
      }
      names.insert(files.keys.sorted())
      #expect(files["a"] ?? files["b"] == [1])
    }
    #expect(names == [["a"], ["b"], ["a", "c"], ["b", "c"]])
  }

  @Test func `after a failed sync a later one brings nothing of before to the disk`() throws {
    var isLost = false
    for seed in UInt64(0)..<40 {
      let files = try left(seed: seed) { disk in
        let file = try disk.open("/a", for: .keeping, mode: 0o600)
        try disk.syncDirectory("/")
        try file.write([1, 1])
        disk.failingSync = 0
        #expect(throws: LedgerError.self) { try file.sync() }
        #expect(try file.read(2, at: 0) == [1, 1])
        try file.write([2])
        try file.sync()
      }
      let found = try #require(files["a"])
      #expect(found.last == 2)
      isLost = isLost || found == [0, 0, 2]
    }
    #expect(isLost)
  }

  @Test func `a file of before a stop can't be used, and a killed process loses nothing`() throws {
    let disk = SimulatedDisk(seed: 0)
    let file = try disk.open("/a", for: .keeping, mode: 0o600)
    try file.write([5])
    disk.halt(losesPower: false)
    #expect(throws: LedgerError.self) { try disk.names(in: "/") }
    disk.start()
    #expect(throws: LedgerError.self) { try file.write([6]) }
    let again = try disk.open("/a", for: .reading, mode: 0)
    #expect(try again.read(4, at: 0) == [5])
  }
}
