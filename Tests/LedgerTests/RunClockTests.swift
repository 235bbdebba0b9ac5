import Bytes
import Foundation
import GRDB
import Ledger
import Measures
import Testing

/// When rounds were, how they were trained, and which of them left the best model.
@Suite struct RunClockTests {
  /// Rounds of 2, 3 and 4 s that begin 100, 500 and 600 s after the run did, with rising
  /// accuracies.
  private static func record(_ round: Int) -> RoundRecord {
    var record = RoundRecord.example
    record.round = round
    record.stage = min(round, 2)
    record.opened = .seconds([100, 500, 600][round - 1])
    record.elapsed = .seconds(round + 1)
    record.accuracy = 0.3 * Double(round)
    record[.learningRate] = 0.1 / Double(round)
    record[.trainingLoss] = round == 2 ? .nan : 2 / Double(round)
    record.bestModelDigest = Digest(of: [UInt8(round)])
    return record
  }

  private static func store(in directory: TemporaryDirectory) throws -> RunStore {
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...3 { try store.append(record(round), book: .example) }
    return store
  }

  @Test func `what an accuracy took is the run's clock, with all waiting before it`() throws {
    let directory = try TemporaryDirectory()
    let store = try Self.store(in: directory)
    var summary = try store.summary()
    #expect(summary.elapsed == .seconds(604))
    summary.targets = [0.25, 0.5, 0.85, 0.95]
    #expect(
      summary.milestones.map(\.elapsed) == [.seconds(102), .seconds(503), .seconds(604), .zero])
    #expect(summary.rounds.map(\.opened) == [.seconds(100), .seconds(500), .seconds(600)])
    #expect(summary.rounds.map(\.closed) == [.seconds(102), .seconds(503), .seconds(604)])
  }

  @Test(arguments: [false, true]) func `stages and waiting come to the whole`(isOver: Bool) throws {
    let directory = try TemporaryDirectory()
    let store = try Self.store(in: directory)
    if isOver {
      try store.finish(
        FinalRecord(state: .done, elapsed: .seconds(610), wallClock: .seconds(1)))
    }
    let summary = try store.summary()
    #expect(summary.stages.map(\.elapsed) == [.seconds(2), .seconds(7)])
    #expect(summary.waiting == .seconds(isOver ? 601 : 595))
    #expect(summary.stages.map(\.elapsed).reduce(summary.waiting, +) == summary.elapsed)
    let json = try summary.json(pretty: false)
    #expect(json.contains("\"waiting\":\(isOver ? 601 : 595)"), "\(json)")
    #expect(json.contains(#""closed":503,"#) && json.contains(#""opened":500,"#))
    #expect(try JSONDecoder().decode(RunSummary.self, from: Data(json.utf8)) == summary)
  }

  @Test func `rounds that tell no beginning follow each other at once`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...3 {
      var record = Self.record(round)
      record.opened = nil
      try store.append(record, book: .example)
    }
    let summary = try store.summary()
    #expect(summary.rounds.map(\.opened) == [.zero, .seconds(2), .seconds(5)])
    #expect(summary.elapsed == .seconds(9) && summary.waiting == .zero)
  }

  @Test func `learning rate and training loss come back with their round, and go with it`() throws {
    let directory = try TemporaryDirectory()
    let store = try Self.store(in: directory)
    let rounds = try store.summary().rounds
    #expect(rounds.map(\.[.learningRate]) == [0.1, 0.05, 0.1 / 3])
    #expect(rounds.map(\.[.trainingLoss]) == [2, nil, 2.0 / 3])
    let json = try store.summary().json(pretty: false)
    #expect(json.contains(#""trainingLoss":null"#) && json.contains(#""learningRate":0.05"#))
    try store.discardRounds(after: 1)
    var record = RoundRecord.example
    record.round = 2
    try store.append(record, book: .example)
    #expect(try store.summary().rounds.map(\.[.trainingLoss]) == [2, nil])
  }

  @Test func `the best model is the last one that was, of the rounds that are kept`() throws {
    let directory = try TemporaryDirectory()
    let store = try Self.store(in: directory)
    #expect(try store.summary().final.bestRound == 3)
    #expect(try store.summary().final.bestModelDigest == Digest(of: [3]))
    try store.discardRounds(after: 2)
    #expect(try store.summary().final.bestRound == 2)
    #expect(try store.summary().json().contains("\"bestRound\" : 2"))
    try store.discardRounds(after: 0)
    #expect(try store.summary().final.bestRound == nil)
    #expect(try !store.summary().json().contains("bestRound"))
  }

  private static let laterTables = ["heldOut", "heldOutClass", "measuring", "normalization"]

  @Test func `a ledger of the third version is read, and goes on`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try Self.store(in: directory).close()
    let database = try DatabaseQueue(path: url.path)
    try database.write {
      for table in ["clock", "training", "best", "extended"] + Self.laterTables {
        try $0.execute(sql: "DROP TABLE \(table)")
      }
      try $0.execute(sql: "ALTER TABLE stage DROP COLUMN memory")
      try $0.execute(sql: "PRAGMA user_version = 3")
    }
    try database.close()
    let reader = try RunStore.read(at: url)
    #expect(try reader.summary().rounds.map(\.closed) == [.seconds(2), .seconds(5), .seconds(9)])
    #expect(try reader.summary().rounds.allSatisfy { $0[.trainingLoss] == nil })
    #expect(try reader.summary().final.bestRound == nil)
    reader.close()
    let store = try RunStore.open(at: url)
    try store.append(Self.record(3), book: .example)
    #expect(try store.summary().rounds.last?.closed == .seconds(604))
    #expect(try store.summary().final.bestRound == 3)
  }
}
