import GRDB

/// The tables whose columns are kept measures, a row for each round.
struct MeasureTables {
  let database: Database
  /// The measures with a column in this version of the schema, by table.
  private let measures: [String: [Measure]]

  init(database: Database, version: Int = LedgerSchema.version) {
    self.database = database
    measures = Dictionary(
      grouping: Measure.kept.filter { ($0.column?.since ?? 0) <= version },
      by: { $0.column?.table ?? "" })
  }

  /// Keeps the measures of a round, whose row in the table "round" is there.
  func insert(_ record: RoundRecord) throws {
    for (table, measures) in measures {
      let values = measures.map { record[$0] }
      guard values.contains(where: { $0.finite != nil }) else { continue }
      let columns = measures.compactMap(\.column?.name)
      let sql =
        table == "round"
        ? "UPDATE round SET \(columns.map { "\($0) = ?" }.joined(separator: ", ")) WHERE round = ?"
        : """
        INSERT INTO \(table) (\(columns.joined(separator: ", ")), round)
        VALUES (\(Array(repeating: "?", count: columns.count + 1).joined(separator: ", ")))
        """
      try database.execute(sql: sql, arguments: StatementArguments(values) + [record.round])
    }
  }

  /// The measures of all rounds, by round.
  func values() throws -> [Int: MeasureValues] {
    var values: [Int: MeasureValues] = [:]
    for (table, measures) in measures {
      let columns = measures.compactMap(\.column?.name).joined(separator: ", ")
      let rows = try Row.fetchCursor(database, sql: "SELECT round, \(columns) FROM \(table)")
      while let row = try rows.next() {
        for (index, measure) in measures.enumerated() {
          values[row[0], default: MeasureValues()][measure] = row[index + 1] as Double?
        }
      }
    }
    return values
  }
}
