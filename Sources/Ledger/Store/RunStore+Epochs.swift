import GRDB
import Measures

extension RunStore {
  /// How the run began; nil in ledgers that were made before runs could be resumed.
  public func origin() throws(LedgerError) -> RunOrigin? {
    try read { database in
      guard try database.tableExists("origin"),
        let row = try Row.fetchOne(database, sql: "SELECT * FROM origin")
      else { return nil }
      guard let run = UInt64(row["run"] as String) else {
        throw Self.corrupt("its run's number is no number")
      }
      return RunOrigin(
        run: run, plan: row["plan"], topology: row["topology"], file: row["file"],
        overrides: row["overrides"])
    }
  }

  /// The incarnations of the run's broker, in order.
  public func epochs() throws(LedgerError) -> [Epoch] {
    try read { database in
      guard try database.tableExists("epoch") else { return [] }
      let rows = try Row.fetchAll(database, sql: "SELECT * FROM epoch ORDER BY epoch")
      return try rows.map { row in
        Epoch(
          number: try Self.count(row, "epoch"), round: try Self.count(row, "round"),
          elapsed: try Self.time(row, "elapsed") ?? .zero, start: row["start"])
      }
    }
  }

  /// Notes durably that the broker begins, or goes on, as this incarnation: the run is running.
  public func begin(_ epoch: Epoch) throws(LedgerError) {
    try write { database in
      try database.execute(
        sql: "INSERT INTO epoch VALUES (?, ?, ?, ?)",
        arguments: [epoch.number, epoch.round, epoch.elapsed.seconds, epoch.start])
      try database.execute(sql: "UPDATE run SET state = ?", arguments: [RunState.running.rawValue])
    }
  }

  /// Forgets the rounds after `round`, as a run does that goes on from a checkpoint of that round.
  ///
  /// What they moved over real links was moved, if in vain: with `keepingTraffic` it is booked in `round` from
  /// now on, and the counter `round repeated after a restart` says how many there were. Before the first
  /// round there is nowhere to book it.
  public func discardRounds(
    after round: Int, keepingTraffic: Bool = false
  ) throws(LedgerError) {
    try write { database in
      let repeated = try Int.fetchOne(
        database, sql: "SELECT count(*) FROM round WHERE round > ?", arguments: [round])
      let isKept = try Int.fetchOne(
        database, sql: "SELECT round FROM round WHERE round = ?", arguments: [round])
      if keepingTraffic, let repeated, repeated > 0, isKept != nil {
        try database.execute(
          sql: "UPDATE traffic SET round = ? WHERE round > ?", arguments: [round, round])
        let counters = try Row.fetchAll(
          database, sql: "SELECT name, sum(count) FROM counter WHERE round > ? GROUP BY name",
          arguments: [round])
        for row in counters { try Self.count(row[0], by: row[1], in: round, database) }
        try Self.count("round repeated after a restart", by: repeated, in: round, database)
      }
      try database.execute(sql: "DELETE FROM round WHERE round > ?", arguments: [round])
    }
  }

  /// Adds to a round that is kept what crossed the links after it, before the next one or the end.
  public func add(_ book: RoundBook, to round: Int) throws(LedgerError) {
    try write { database in
      try Self.insert(book, round: round, into: database)
      for (name, count) in book.counters.sorted(by: { $0.key < $1.key }) {
        try Self.count(name, by: count, in: round, database)
      }
    }
  }

  private static func count(
    _ name: String, by amount: Int, in round: Int, _ database: Database
  ) throws {
    try database.execute(
      sql: """
        INSERT INTO counter VALUES (?, ?, ?)
        ON CONFLICT (round, name) DO UPDATE SET count = count + excluded.count
        """,
      arguments: [round, name, amount])
  }
}
