import GRDB
import Measures

/// The table of meter readings: the ledger's count of each socket beside the kernel's.
struct MeterTable {
  let database: Database

  /// Keeps a reading beside the round after which it was taken; a second one is added to the first.
  func insert(_ reading: MeterReading, after round: Int) throws {
    for line in reading.lines {
      try database.execute(
        sql: """
          INSERT INTO meter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET ledger = ledger + excluded.ledger,
            kernel = kernel + excluded.kernel,
            retransmitted = retransmitted + excluded.retransmitted,
            connections = excluded.connections, unmetered = excluded.unmetered,
            rejected = excluded.rejected
          """,
        arguments: [
          round, line.socket, line.direction.rawValue, line.ledger.bytes, line.kernel.bytes,
          line.retransmitted.bytes, reading.connections, reading.unmetered, reading.rejected,
        ])
    }
  }

  /// The rows of `round` as they are, to be put back when the round is kept again.
  func rows(of round: Int) throws -> [Row] {
    try Row.fetchAll(database, sql: "SELECT * FROM meter WHERE round = ?", arguments: [round])
  }

  /// Puts rows back that ``rows(of:)`` gave.
  func restore(_ rows: [Row]) throws {
    for row in rows {
      try database.execute(
        sql: "INSERT INTO meter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: StatementArguments(row.databaseValues))
    }
  }

  /// All readings together and at the end of each stage; nil where the kernel wasn't asked.
  func summary() throws -> MeterSummary? {
    guard try database.tableExists("meter") else { return nil }  // version 1 had none
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT stage, direction, sum(ledger), sum(kernel), sum(retransmitted), max(connections),
          max(unmetered), max(rejected)
        FROM meter JOIN round USING (round) GROUP BY stage, direction ORDER BY stage
        """)
    guard !rows.isEmpty else { return nil }
    var summary = MeterSummary(
      connections: 0, unmetered: 0, rejected: 0, down: .zero, up: .zero, stages: [])
    for row in rows {
      guard let direction = Direction(rawValue: row[1]) else { continue }
      let since = MeterSummary.Counts(
        ledger: try row.bytes(2), kernel: try row.bytes(3), retransmitted: try row.bytes(4))
      switch direction {
      case .down: summary.down = summary.down + since
      case .up: summary.up = summary.up + since
      }
      summary.connections = max(summary.connections, row[5])
      summary.unmetered = max(summary.unmetered, row[6])
      summary.rejected = max(summary.rejected, row[7])
      if summary.stages.last?.stage != row[0] {
        summary.stages.append(.init(stage: row[0], down: summary.down, up: summary.up))
      }
      let last = summary.stages.count - 1
      summary.stages[last].down = summary.down
      summary.stages[last].up = summary.up
    }
    return summary
  }
}

extension MeterSummary.Counts {
  fileprivate static func + (lhs: Self, rhs: Self) -> Self {
    Self(
      ledger: lhs.ledger + rhs.ledger, kernel: lhs.kernel + rhs.kernel,
      retransmitted: lhs.retransmitted + rhs.retransmitted)
  }
}
