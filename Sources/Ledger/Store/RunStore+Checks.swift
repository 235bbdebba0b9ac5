import GRDB
import Measures

/// What a ledger says is checked before it is counted with: the file may come from anybody.
extension RunStore {
  /// Makes sure that the tables are those that this program wrote in `version` of the schema.
  static func checkTables(of database: Database, version: Int) throws {
    let sample = try DatabaseQueue()
    let expected = try sample.write { database in
      try database.execute(sql: schema)
      return try tables(of: database)
    }
    let found = try tables(of: database)
    for (name, definition) in expected where found[name] != definition {
      if found[name] == nil, let first = firstVersions[name], version < first { continue }
      throw corrupt("its table \(name) isn't that of a ledger")
    }
  }

  private static func tables(of database: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql NOT NULL")
    return Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
  }

  /// The error of a ledger that says what can't be.
  static func corrupt(_ problem: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: problem)
  }

  /// The number in `column`, which counts something.
  static func count(_ row: Row, _ column: String) throws -> Int {
    let count: Int = row[column]
    guard (0...1 << 40).contains(count) else { throw corrupt("\(column) is \(count)") }
    return count
  }

  /// The time in `column`; nil where there is none.
  static func time(_ row: Row, _ column: String) throws -> Duration? {
    guard let seconds: Double = row[column] else { return nil }
    guard let time = Duration(plausible: seconds) else {
      throw corrupt("\(column) is \(seconds) s")
    }
    return time
  }

  /// The traffic whose payload is in `column` and whose wire bytes are in the next one.
  static func traffic(_ row: Row, _ column: Int) throws -> Traffic {
    let (payload, wire) = (row[column] as Int, row[column + 1] as Int)
    guard (0...1 << 50).contains(payload), (0...1 << 50).contains(wire) else {
      throw corrupt("\(payload) bytes are said to have gone in \(wire)")
    }
    return Traffic(payload: ByteCount(payload), wire: ByteCount(wire))
  }
}

extension Duration {
  /// A duration of some seconds; nil if it is negative or longer than thirty million years.
  init?(plausible seconds: Double) {
    guard seconds >= 0, seconds <= 1e15 else { return nil }
    self = .seconds(seconds)
  }
}
