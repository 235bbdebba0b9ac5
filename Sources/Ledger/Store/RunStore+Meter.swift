import GRDB
import Measures

extension RunStore {
  /// Keeps what both meters counted since the last reading, beside the round after which it was taken.
  ///
  /// A round of that number must be kept already; a second reading after it is added to the first.
  public func append(_ reading: MeterReading, after round: Int) throws(LedgerError) {
    try write { database in
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
  }

  /// All readings together, and as they stood at the end of each stage; nil where the kernel wasn't asked.
  static func meter(in database: Database) throws -> MeterSummary? {
    guard try database.tableExists("meter") else { return nil }  // format 1 had none
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
        ledger: try bytes(row, 2), kernel: try bytes(row, 3), retransmitted: try bytes(row, 4))
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

  /// A count of bytes since an earlier one, which may be negative by what had waited then.
  private static func bytes(_ row: Row, _ column: Int) throws -> ByteCount {
    let count: Int = row[column]
    guard (-(1 << 50)...1 << 50).contains(count) else { throw corrupt("a meter says \(count)") }
    return ByteCount(count)
  }
}

extension MeterSummary.Counts {
  fileprivate static func + (lhs: Self, rhs: Self) -> Self {
    Self(
      ledger: lhs.ledger + rhs.ledger, kernel: lhs.kernel + rhs.kernel,
      retransmitted: lhs.retransmitted + rhs.retransmitted)
  }
}
