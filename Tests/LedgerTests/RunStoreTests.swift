import Bytes
import Foundation
import GRDB
import Ledger
import Measures
import Testing

@Suite struct RunStoreTests {
  @Test func `a header comes back as it was written`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    #expect(try store.header() == .example)
    #expect(try store.lastRound() == nil)
  }

  @Test func `a round's summary holds the client view, and the sockets stand beside it`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    try store.append(.example, book: .example)
    let summary = try store.summary()
    let round = try #require(summary.rounds.first)
    #expect(round.load.traffic.down == Traffic(payload: ByteCount(1600), wire: ByteCount(1864)))
    #expect(round.load.traffic.up == Traffic(payload: ByteCount(200), wire: ByteCount(240)))
    #expect(summary.totals == round.load)
    #expect(
      summary.sockets.down == Traffic(payload: ByteCount(400), wire: ByteCount(450)))
    #expect(summary.offered.down.wire == ByteCount(1864 + 450))
    #expect(summary.kinds[.update]?.up.payload == ByteCount(200))
    #expect(summary.kinds[.heartbeat] == nil)
    #expect(summary.counters == ["malformed frame": 3])
    #expect(round.warmUp && round.elapsed == .milliseconds(1500))
  }

  @Test func `the full model is charged to those who took part, and to nobody else`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    try store.append(.example, book: .example)
    let round = try #require(try store.summary().rounds.first)
    // 1,000 parameters are 4,000 bytes in 4 chunks. Down: 0, 1, 2 and the lost 4, which was served;
    // up: 0 and 1, as client 2 was turned away before its upload.
    #expect(
      round.fullModel.traffic.down == Traffic(payload: ByteCount(16000), wire: ByteCount(16160)))
    #expect(round.fullModel.traffic.up == Traffic(payload: ByteCount(8000), wire: ByteCount(8080)))
    // Samples 7 + 10 + 1 at stage 1, and 2 by a client at stage 2.
    #expect(round.load.flops == 18 * 10 + 2 * 50)
    #expect(round.fullModel.flops == 20 * 50)
  }

  @Test func `groups tell how deep their clients trained, where some trained less than others`()
    throws
  {
    let directory = try TemporaryDirectory()
    var header = RunHeader.example
    header.groups = [ClientGroup(name: "near", clients: 1), ClientGroup(name: "far", clients: 4)]
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: header)
    try store.append(.example, book: .example)
    #expect(try store.summary().groups == header.groups)
    var record = RoundRecord(
      round: 2, stage: 2,
      outcomes: (0..<4).map { client in
        ClientOutcome(
          client: client, outcome: client == 3 ? .late : .accepted, samples: 7,
          stage: client == 0 ? nil : 1)
      }, elapsed: .seconds(1))
    record.warmUp = false
    try store.append(record, book: .example)
    let groups = try store.summary().groups
    #expect(groups.map(\.updates) == [[1, 1], [2, 0]])
    // Nobody is in a group of none, nor beyond the last.
    header.groups = [1, 0, 1].map { ClientGroup(name: "of \($0)", clients: $0) }
    let other = try RunStore.create(at: directory.file("other.sqlite"), header: header)
    try other.append(.example, book: .example)
    try other.append(record, book: .example)
    #expect(try other.summary().groups.map(\.updates) == [[1, 1], [0, 0], [1, 0]])
    #expect(try store.summary().json().contains("\"updates\""))
  }

  @Test func `a record without outcomes is compared by its counts`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    var record = RoundRecord(round: 1, stage: 2, elapsed: .seconds(1))
    record.selected = 10
    record.lost = 3
    record.accepted = 6
    record.late = 1
    try store.append(record, book: RoundBook())
    let fullModel = try store.summary().fullModel
    #expect(fullModel.traffic.down.payload == ByteCount(7 * 4000))
    #expect(fullModel.traffic.up.payload == ByteCount(7 * 4000))
  }

  @Test func `a round that exists is replaced with all its rows`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    try store.append(.example, book: .example)
    let once = try store.summary()
    try store.append(.example, book: .example)
    #expect(try store.summary() == once)
    var other = RoundRecord.example
    other.outcomes = []
    try store.append(other, book: RoundBook())
    #expect(try store.summary().totals.traffic == .zero)
    #expect(try store.summary().counters == ["malformed frame": 2])
    #expect(try store.clients().isEmpty)
  }

  @Test func `discarding rounds leaves what a run of fewer rounds had left`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    var summaries: [RunSummary] = []
    for round in 1...4 {
      var record = RoundRecord.example
      record.round = round
      record.stage = (round + 1) / 2
      try store.append(record, book: .example)
      summaries.append(try store.summary())
    }
    #expect(summaries[3].stages.map(\.rounds) == [2, 2])
    for round in [3, 2, 1] {
      try store.discardRounds(after: round)
      #expect(try store.summary() == summaries[round - 1])
      #expect(try store.lastRound() == round)
    }
  }

  @Test func `what discarded rounds moved can stay in the books`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...3 {
      var record = RoundRecord.example
      record.round = round
      try store.append(record, book: .example)
    }
    let before = try store.summary()
    try store.discardRounds(after: 1, keepingTraffic: true)
    let after = try store.summary()
    #expect(after.rounds.count == 1 && after.totals.traffic == before.totals.traffic)
    #expect(after.sockets == before.sockets)
    #expect(after.rounds[0].accepted == before.rounds[0].accepted)
    #expect(after.counters["malformed frame"] == before.counters["malformed frame"])
    #expect(after.counters["round repeated after a restart"] == 2)
    try store.discardRounds(after: 0, keepingTraffic: true)
    #expect(try store.summary().totals.traffic == .zero)
  }

  @Test func `what crosses after a round is added to it`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    try store.append(.example, book: .example)
    let once = try store.summary()
    try store.add(.example, to: 1)
    let twice = try store.summary()
    #expect(twice.totals.traffic == once.totals.traffic + once.totals.traffic)
    #expect(twice.counters == ["malformed frame": 4])
  }

  @Test func `origin and incarnations come back as they were kept`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let origin = RunOrigin(
      run: .max, plan: "seed: 1\n", topology: "name: \"ü\"\n", file: "/a/b.yaml", overrides: "{}")
    let store = try RunStore.create(at: url, header: .example, origin: origin)
    try store.finish(
      FinalRecord(state: .interrupted, elapsed: .seconds(1), wallClock: .seconds(1)))
    let epochs = [
      Epoch(number: 1, round: 1, elapsed: .zero),
      Epoch(number: 2, round: 4, elapsed: .seconds(7), start: "2026-01-02T03:04:05Z"),
    ]
    for epoch in epochs { try store.begin(epoch) }
    store.close()
    let again = try RunStore.read(at: url)
    #expect(try again.origin() == origin)
    #expect(try again.epochs() == epochs)
    #expect(try again.summary().state == .running)
  }

  @Test func `a ledger of the first version is read, and knows no origin`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try RunStore.create(at: url, header: .example).close()
    let database = try DatabaseQueue(path: url.path)
    try database.write {
      for table in [
        "origin", "epoch", "meter", "cohort", "timing", "holding", "fairness", "gradient",
        "clock", "training", "best",
      ] {
        try $0.execute(sql: "DROP TABLE \(table)")
      }
      try $0.execute(sql: "ALTER TABLE stage DROP COLUMN memory")
      try $0.execute(sql: "PRAGMA user_version = 1")
    }
    try database.close()
    let store = try RunStore.read(at: url)
    #expect(try store.origin() == nil)
    #expect(try store.epochs().isEmpty)
    #expect(try store.summary().name == "example")
  }

  @Test func `a run's end is kept, and taken back by a further round`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    #expect(try store.summary().state == .running)
    let digest = Digest(of: [1, 2, 3])
    try store.finish(
      FinalRecord(
        state: .interrupted, accuracy: 0.75, loss: 0.5, modelDigest: digest,
        elapsed: .seconds(9), wallClock: .seconds(3)))
    let summary = try store.summary()
    #expect(summary.state == .interrupted)
    #expect(summary.elapsed == .seconds(9) && summary.wallClock == .seconds(3))
    #expect(summary.final.accuracy == 0.75 && summary.final.loss == 0.5)
    #expect(summary.final.dice == nil && summary.final.modelDigest == digest)
    try store.append(.example, book: .example)
    let resumed = try store.summary()
    #expect(resumed.state == .running && resumed.wallClock == nil)
    #expect(resumed.elapsed == .milliseconds(1500))
    #expect(resumed.final.accuracy == 0.5 && resumed.final.modelDigest == nil)
  }

  @Test func `each client's part is summed over the rounds`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...3 {
      var record = RoundRecord.example
      record.round = round
      try store.append(record, book: .example)
    }
    let clients = try store.clients()
    #expect(clients.map(\.client) == [0, 1, 2, 3, 4])
    #expect(clients.map(\.selected) == [3, 3, 3, 3, 3])
    #expect(clients.map(\.accepted) == [3, 0, 0, 0, 0])
    #expect(clients[0].traffic.up.wire == ByteCount(360))
    #expect(clients[3].traffic == .zero)
  }

  @Test func `others read whole rounds while the run goes on`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let store = try RunStore.create(at: url, header: .example)
    let reader = try RunStore.read(at: url)
    for round in 1...3 {
      var record = RoundRecord.example
      record.round = round
      try store.append(record, book: .example)
      #expect(try reader.summary() == store.summary())
    }
    store.close()
    #expect(try reader.lastRound() == 3)
  }

  @Test func `a closed ledger is one file and opens again`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let store = try RunStore.create(at: url, header: .example)
    try store.append(.example, book: .example)
    let summary = try store.summary()
    store.close()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["run.sqlite"])
    #expect(try RunStore.read(at: url).summary() == summary)
    #expect(try RunStore.open(at: url).summary() == summary)
  }

  @Test func `equal runs make equal ledgers, byte for byte`() throws {
    let directory = try TemporaryDirectory()
    let files = try ["first", "second"].map { name in
      let url = directory.file(name)
      let store = try RunStore.create(at: url, header: .example)
      var book = RoundBook()
      // Dictionaries of different histories iterate differently; the ledger must not show it.
      for client in name == "first" ? Array(0..<50) : (0..<50).reversed() {
        book.book(.client, client: client, .up, .update, wire: ByteCount(client))
      }
      try store.append(.example, book: book)
      store.close()
      return try Data(contentsOf: url)
    }
    #expect(files[0] == files[1])
  }
}
