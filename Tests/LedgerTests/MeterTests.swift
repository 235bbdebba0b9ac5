import Foundation
import GRDB
import Ledger
import Measures
import Testing

@Suite struct MeterTests {
  private func reading(_ ledger: Int, _ kernel: Int, connections: Int = 3) -> MeterReading {
    MeterReading(
      connections: connections,
      lines: [
        .init(
          socket: "bulk", direction: .down, ledger: ByteCount(ledger), kernel: ByteCount(kernel),
          retransmitted: ByteCount(5)),
        .init(socket: "updates", direction: .up, ledger: ByteCount(10), kernel: ByteCount(10)),
      ])
  }

  @Test func `readings add up, and stand at the end of each stage`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    #expect(try store.summary().meter == nil)
    for round in 1...2 {
      var record = RoundRecord.example
      record.round = round
      record.stage = round
      try store.append(record, book: .example)
    }
    try store.append(reading(1000, 900), after: 1)
    // What had waited has left; a second reading after a round is added to the first.
    try store.append(reading(500, 550), after: 2)
    var again = RoundRecord.example
    again.round = 2
    again.stage = 2
    try store.append(again, book: .example)
    try store.append(reading(0, 50, connections: 4), after: 2)
    let meter = try #require(try store.summary().meter)
    #expect(meter.connections == 4)
    #expect(meter.stages.map(\.down.difference) == [100, 0])
    #expect(meter.stages.map(\.up.ledger) == [ByteCount(10), ByteCount(30)])
    #expect(meter.down.kernel == ByteCount(1500) && meter.down.retransmitted == ByteCount(15))
    #expect(meter.down == meter.stages[1].down && meter.up == meter.stages[1].up)
    let json = try store.summary().json()
    #expect(json.contains("\"difference\" : 100"))
    let decoded = try JSONDecoder().decode(RunSummary.self, from: Data(json.utf8))
    #expect(try decoded == store.summary())
  }

  @Test func `a ledger of version 1 is read, and gets the new tables when its run goes on`() throws
  {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let first = try RunStore.create(at: url, header: .example)
    try first.append(.example, book: .example)
    first.close()
    let database = try DatabaseQueue(path: url.path)
    try database.write {
      for table in [
        "meter", "cohort", "origin", "epoch", "timing", "holding", "fairness", "gradient",
        "clock", "training", "best", "extended", "heldOut", "heldOutClass",
        "measuring", "normalization",
      ] {
        try $0.execute(sql: "DROP TABLE \(table)")
      }
      try $0.execute(sql: "ALTER TABLE stage DROP COLUMN memory")
      try $0.execute(sql: "PRAGMA user_version = 1")
    }
    try database.close()
    let reader = try RunStore.read(at: url)
    #expect(try reader.summary().rounds.count == 1)
    reader.close()
    let store = try RunStore.open(at: url)
    try store.append(reading(7, 7), after: 1)
    #expect(try store.summary().meter?.down.difference == 0)
  }

  @Test func `milestones say what the first round of an accuracy had cost`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...4 {
      var record = RoundRecord.example
      record.round = round
      record.accuracy = round == 2 ? nil : 0.2 * Double(round)
      try store.append(record, book: .example)
    }
    var summary = try store.summary()
    #expect(summary.targets == [0.5, 0.6, 0.7, 0.75, 0.8])
    summary.targets = [0.2, 0.7, 0.9]
    #expect(summary.milestones.map(\.round) == [1, 4, nil])
    #expect(summary.milestones[0].load == summary.rounds[0].load)
    #expect(summary.milestones[1].load == summary.totals)
    #expect(summary.milestones[1].elapsed == .seconds(6))
  }

  @Test func `computation is told per stage and client`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    try store.append(.example, book: .example)
    // Client 0 went through 7 samples of 10 operations, client 1 through 10; client 4, a stage
    // ahead, 2 of 50.
    let parts = try store.clientsByStage()
    #expect(parts.map(\.client) == [0, 1, 2, 3, 4])
    #expect(parts.map(\.load.flops) == [70, 100, 10, 0, 100])
    #expect(try store.clients().map(\.flops) == parts.map(\.load.flops))
    let stage = try #require(try store.summary().stages.first)
    #expect(stage.participants == 5 && stage.flopsPerParticipant == 56)
    #expect(stage.reduction.flops == stage.fullModel.flops / 280)
  }
}
