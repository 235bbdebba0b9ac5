import Bytes
import GRDB
import Measures

/// The tables with a row for each round: its place in the run, its time, its counters, its
/// measures.
struct RoundTable {
  let database: Database

  // MARK: Writing

  /// Keeps a round; one of the same number must be gone.
  func insert(_ record: RoundRecord, _ effort: Effort) throws {
    try database.execute(
      sql: """
        INSERT INTO round (round, stage, warmUp, selected, accepted, late, lost, refused,
          duplicates, elapsed, flops, fullModelFlops, downClients, upClients)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        record.round, record.stage, record.warmUp, record.selected, record.accepted, record.late,
        record.lost, record.refused, record.duplicates, record.elapsed.seconds, effort.flops,
        effort.fullModelFlops, effort.downClients, effort.upClients,
      ])
    try insertTimes(of: record)
    try MeasureTables(database: database).insert(record)
    try insertFairness(of: record)
    try HeldOutClassTable(database: database).insert(record)
    if let digest = record.bestModelDigest {
      try database.execute(
        sql: "INSERT INTO best VALUES (?, ?)", arguments: [record.round, digest.hex])
    }
  }

  private func insertTimes(of record: RoundRecord) throws {
    if let opened = record.opened {
      try database.execute(
        sql: "INSERT INTO clock VALUES (?, ?, ?)",
        arguments: [record.round, opened.seconds, (opened + record.elapsed).seconds])
    }
    guard let timing = record.timing else { return }
    try database.execute(
      sql: "INSERT INTO timing VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        record.round, timing.opened.seconds, timing.closed.seconds, timing.path.download.seconds,
        timing.path.training.seconds, timing.path.upload.seconds, timing.path.waiting.seconds,
      ])
  }

  private func insertFairness(of record: RoundRecord) throws {
    guard let fairness = record.fairness else { return }
    try database.execute(
      sql: "INSERT INTO fairness VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        record.round, fairness.clients, fairness.mean, fairness.minimum, fairness.lowestTenth,
        fairness.median, fairness.maximum, fairness.deviation,
      ])
  }

  /// Adds `amount` to a counter of a round.
  func count(_ name: String, by amount: Int, in round: Int) throws {
    try database.execute(
      sql: """
        INSERT INTO counter VALUES (?, ?, ?)
        ON CONFLICT (round, name) DO UPDATE SET count = count + excluded.count
        """,
      arguments: [round, name, amount])
  }

  /// Adds up the counters of the rounds after `round` in that round, but for those that tell that a
  /// round was discarded: that is true of its own round alone.
  func moveCounters(after round: Int) throws {
    let counters = try Row.fetchAll(
      database,
      sql: """
        SELECT name, sum(count) FROM counter WHERE round > ? AND name NOT LIKE ? GROUP BY name
        """,
      arguments: [round, RunSummary.discardedPrefix + "%"])
    for row in counters { try count(row[0], by: row[1], in: round) }
  }

  /// Removes a round with all its rows.
  func remove(_ round: Int) throws {
    try database.execute(sql: "DELETE FROM round WHERE round = ?", arguments: [round])
  }

  /// Removes the rounds after `round` with all their rows.
  func remove(after round: Int) throws {
    try database.execute(sql: "DELETE FROM round WHERE round > ?", arguments: [round])
  }

  // MARK: Reading

  /// The last round; nil if there is none.
  func last() throws -> Int? {
    try Row.fetchOne(database, sql: "SELECT max(round) AS round FROM round")?
      .optionalCount("round")
  }

  /// The number of updates that counted in all rounds together.
  func acceptedUpdates() throws -> Int {
    try Int.fetchOne(database, sql: "SELECT sum(accepted) FROM round") ?? 0
  }

  /// The number of rounds after `round`.
  func number(after round: Int) throws -> Int {
    try Int.fetchOne(
      database, sql: "SELECT count(*) FROM round WHERE round > ?", arguments: [round]) ?? 0
  }

  /// True if `round` is kept.
  func contains(_ round: Int) throws -> Bool {
    try Int.fetchOne(database, sql: "SELECT round FROM round WHERE round = ?", arguments: [round])
      != nil
  }

  /// All rounds, with the traffic of the client view.
  func summaries(_ header: RunHeader) throws -> [RoundSummary] {
    let traffic = try TrafficTable(database: database).byRound()
    let wasted = try TrafficTable(database: database).wasted()
    let (timings, openings, fairness) = (try timings(), try openings(), try fairness())
    let classes = try HeldOutClassTable(database: database).byRound()
    let faults = try discards()
    let version = try LedgerSchema.version(of: database)
    let measures = try MeasureTables(database: database, version: version).values()
    let rows = try Row.fetchAll(database, sql: "SELECT * FROM round ORDER BY round")
    let summaries = try rows.map { row in
      let number: Int = row["round"]
      return RoundSummary(
        facts: RoundFacts(
          round: try row.count("round"), stage: try row.count("stage"), warmUp: row["warmUp"],
          selected: try row.count("selected"), accepted: try row.count("accepted"),
          late: try row.count("late"), lost: try row.count("lost"),
          refused: try row.count("refused"), duplicates: try row.count("duplicates"),
          elapsed: try row.time("elapsed") ?? .zero, measures: measures[number] ?? .init(),
          fairness: fairness[number], classes: classes[number] ?? [], discarded: faults[number]),
        load: Load(traffic: traffic[number] ?? .zero, flops: row["flops"]),
        fullModel: Load(
          traffic: TwoWayTraffic(
            down: try header.fullModel(times: row.count("downClients")),
            up: try header.fullModel(times: row.count("upClients"))),
          flops: row["fullModelFlops"]),
        opened: openings[number] ?? timings[number]?.opened ?? .zero,
        path: timings[number]?.path, wasted: wasted[number] ?? .zero)
    }
    return RoundSummary.placed(summaries)
  }

  /// The named counters over the whole run.
  func counters() throws -> [String: Int] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT name, sum(count) FROM counter GROUP BY name")
    return Dictionary(
      rows.map { (($0[0] as String).printable, $0[1] as Int) }, uniquingKeysWith: +)
  }

  /// The faults for which rounds were discarded, by round.
  private func discards() throws -> [Int: String] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT round, name FROM counter WHERE name LIKE ?",
      arguments: [RunSummary.discardedPrefix + "%"])
    return Dictionary(
      rows.map { row in
        let name: String = row["name"]
        return (row["round"], String(name.dropFirst(RunSummary.discardedPrefix.count)).printable)
      }
    ) { _, last in last }
  }

  /// The last round whose model was the best so far, and that model's name; nil if there is none.
  func best() throws -> (round: Int, modelDigest: Digest?)? {
    guard try database.tableExists("best"),  // versions 1 to 3 had none
      let row = try Row.fetchOne(database, sql: "SELECT * FROM best ORDER BY round DESC LIMIT 1")
    else { return nil }
    return (try row.count("round"), Digest(hex: row["modelDigest"]))
  }

  private func timings() throws -> [Int: RoundTiming] {
    guard try database.tableExists("timing") else { return [:] }  // version 1 had none
    var timings: [Int: RoundTiming] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM timing") {
      timings[row["round"]] = RoundTiming(
        opened: try row.time("opened") ?? .zero, closed: try row.time("closed") ?? .zero,
        path: CriticalPath(
          download: try row.time("download") ?? .zero,
          training: try row.time("training") ?? .zero, upload: try row.time("upload") ?? .zero,
          waiting: try row.time("waiting") ?? .zero))
    }
    return timings
  }

  /// The beginnings of the rounds, by round, as far as they were kept.
  private func openings() throws -> [Int: Duration] {
    guard try database.tableExists("clock") else { return [:] }  // versions 1 to 3 had none
    var openings: [Int: Duration] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT round, opened FROM clock") {
      openings[row["round"]] = try row.time("opened") ?? .zero
    }
    return openings
  }

  private func fairness() throws -> [Int: Fairness] {
    guard try database.tableExists("fairness") else { return [:] }  // versions 1 and 2 had none
    var spreads: [Int: Fairness] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM fairness") {
      spreads[row["round"]] = Fairness(
        clients: try row.count("clients"), mean: row["mean"], minimum: row["minimum"],
        lowestTenth: row["lowestTenth"], median: row["median"], maximum: row["maximum"],
        deviation: row["deviation"])
    }
    return spreads
  }
}

extension RunHeader {
  /// The full model in 32-bit floats, in as many chunks as it takes, for `count` clients.
  fileprivate func fullModel(times count: Int) throws -> Traffic {
    let payload = ByteCount(4 * model.parameters)
    let wire = framing.wire(of: payload)
    let (total, overflow) = wire.bytes.multipliedReportingOverflow(by: count)
    guard !overflow, total <= 1 << 60 else {
      throw DatabaseError.corrupt("\(count) clients took models in")
    }
    return Traffic(payload: ByteCount(payload.bytes * count), wire: ByteCount(total))
  }
}
