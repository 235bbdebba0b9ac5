import Faults
import Foundation
import Ledger
import Measures
import Testing

/// A ledger that is gone on with: what was committed is there, whole and in order, and nothing by
/// halves.
struct LedgerTrial: StorageTrial {
  /// The number of rounds that must be there, and of those that may be.
  private var rounds = 0...0
  /// The number of incarnations that must be there, and of those that may be.
  private var epochs = 0...0
  private var isFinished = false
  private let paths = RunPaths(Self.place)

  static let header = RunHeader(
    name: "trial", seed: 1, clock: "real", transport: "tcp",
    model: ModelDescription(
      name: "none", parameters: 30,
      stages: [StageDescription(stage: 1, parameters: 30, flopsPerSample: 2)]),
    strategy: "fedavg", codecs: CodecNames(down: "dense32", up: "dense32"), plannedRounds: 9,
    framing: ChunkFraming(overhead: ByteCount(10)))

  private static func record(of round: Int) -> RoundRecord {
    RoundRecord(
      round: round, stage: 1,
      outcomes: (0..<round).map {
        ClientOutcome(client: $0, outcome: .accepted, samples: round, updateSize: ByteCount(7))
      },
      elapsed: .seconds(round), accuracy: 0.125, counters: ["malformed frame": round])
  }

  private static func book(of round: Int) -> RoundBook {
    var book = RoundBook()
    for client in 0..<round {
      book.book(
        .client, client: client, .up, .update, payload: ByteCount(7 * round), wire: ByteCount(90))
    }
    return book
  }

  private mutating func append(_ round: Int, to ledger: RunStore) throws {
    rounds = rounds.lowerBound...round
    try ledger.append(Self.record(of: round), book: Self.book(of: round))
    rounds = round...round
  }

  private mutating func begin(on ledger: RunStore) throws {
    let number = epochs.upperBound + 1
    epochs = epochs.lowerBound...number
    try ledger.begin(
      Epoch(number: number, round: rounds.lowerBound + 1, elapsed: .seconds(number)))
    epochs = number...number
  }

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
    let ledger = try RunStore.create(at: paths.ledger, header: Self.header, on: disk)
    defer { ledger.close() }
    try begin(on: ledger)
    try append(1, to: ledger)
  }

  mutating func work(on disk: SimulatedDisk) throws {
    let ledger = try RunStore.open(at: paths.ledger, on: disk)
    defer { ledger.close() }
    try begin(on: ledger)
    for round in 2...4 { try append(round, to: ledger) }
    rounds = 3...4
    try ledger.discardRounds(after: 3)
    rounds = 3...3
    try append(4, to: ledger)
    try ledger.finish(FinalRecord(state: .done, elapsed: .seconds(9), wallClock: .seconds(9)))
    isFinished = true
  }

  /// Appends rounds, and is killed: the log has them, and may lose all of them.
  mutating func leaveLog(on disk: SimulatedDisk) throws {
    let ledger = try RunStore.open(at: paths.ledger, on: disk)
    for round in 2...4 { try append(round, to: ledger) }
    disk.halt(losesPower: false)
    ledger.close()
    disk.start()
    rounds = 1...4
  }

  mutating func recover(on disk: SimulatedDisk) throws -> [String] {
    let report = try RunStore.read(at: paths.ledger, on: disk)
    defer { report.close() }
    var problems = try self.problems(of: report)
    let ledger = try RunStore.open(at: paths.ledger, on: disk)
    defer { ledger.close() }
    problems += try self.problems(of: ledger)
    guard problems.isEmpty else { return problems }
    try begin(on: ledger)
    isFinished = false
    try append(rounds.upperBound + 1, to: ledger)
    return []
  }

  /// What a ledger lacks, or has by halves; what is there must be there from now on.
  private mutating func problems(of ledger: RunStore) throws -> [String] {
    let (summary, found) = (try ledger.summary(), try ledger.epochs())
    guard rounds.contains(summary.rounds.count) else {
      return ["\(summary.rounds.count) rounds are there, where \(rounds) are to be"]
    }
    guard epochs.contains(found.count), found.map(\.number) == Array(1...found.count) else {
      return ["incarnations \(found.map(\.number)) are there, where \(epochs) are to be"]
    }
    if isFinished, summary.state != .done { return ["the end of the run is gone"] }
    for (index, round) in summary.rounds.enumerated() {
      let record = Self.record(of: index + 1)
      let bytes = Self.book(of: index + 1).total(.client, .up)
      guard round.facts == record.facts, round.load.traffic.up == bytes else {
        return ["round \(index + 1) is there by halves: \(round.facts)"]
      }
    }
    let counted = summary.rounds.count
    guard summary.counters["malformed frame"] ?? 0 == counted * (counted + 1) / 2 else {
      return ["the counters of \(counted) rounds are \(summary.counters)"]
    }
    rounds = summary.rounds.count...summary.rounds.count
    epochs = found.count...found.count
    return []
  }
}

/// A ledger that is made: there is a whole one or none, and once it was made it stays.
struct NewLedgerTrial: StorageTrial {
  private var isThere = false
  private let paths = RunPaths(Self.place)

  mutating func prepare(on disk: SimulatedDisk) throws {
    try DurableFile.makeDirectory(Self.place, on: disk)
  }

  private mutating func make(on disk: SimulatedDisk) throws {
    let ledger = try RunStore.create(at: paths.ledger, header: LedgerTrial.header, on: disk)
    defer { ledger.close() }
    try ledger.begin(Epoch(number: 1, round: 1, elapsed: .zero))
    isThere = true
  }

  mutating func work(on disk: SimulatedDisk) throws { try make(on: disk) }

  mutating func recover(on disk: SimulatedDisk) throws -> [String] {
    guard disk.kind(of: paths.ledger.path) != nil else {
      if isThere { return ["the ledger is gone"] }
      try make(on: disk)
      return []
    }
    let report = try RunStore.read(at: paths.ledger, on: disk)
    defer { report.close() }
    guard try report.header() == LedgerTrial.header else { return ["the header is another one"] }
    let epochs = try report.epochs().count
    guard epochs == 1 || !isThere else { return ["\(epochs) incarnations are there"] }
    let ledger = try RunStore.open(at: paths.ledger, on: disk)
    defer { ledger.close() }
    if epochs == 0 { try ledger.begin(Epoch(number: 1, round: 1, elapsed: .zero)) }
    isThere = true
    return []
  }
}

/// What SQLite notices of bits that a disk flips at rest: its log has checksums, its file has none.
@Suite struct LedgerDamageTests {
  @Test(arguments: 0..<60 as Range<UInt64>)
  func `a flipped bit in the log takes commits away from there on, and changes none`(
    seed: UInt64
  ) throws {
    var chance = RandomStream(seed: seed).stream("flipped bit")
    let disk = SimulatedDisk(seed: seed)
    var trial = LedgerTrial()
    try trial.prepare(on: disk)
    try trial.leaveLog(on: disk)
    let log = try disk.open("\(LedgerTrial.place.path)/run.sqlite-wal", for: .changing, mode: 0)
    let size = try log.size()
    #expect(size > 10_000)
    let offset = Int.random(in: 0..<size, using: &chance)
    var bytes = try log.read(1, at: offset)
    bytes[0] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
    try log.seek(to: offset)
    try log.write(bytes)
    #expect(try trial.recover(on: disk) == [])
  }
}
