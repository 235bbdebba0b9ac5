import Foundation
import GRDB
import Ledger
import Testing

@Suite struct SchemaTests {
  /// The SQL between fences in the article.
  private static let queries: [String] = {
    let article = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Ledger/Ledger.docc/Schema.md").standardized
    guard let text = try? String(contentsOf: article, encoding: .utf8) else { return [] }
    return text.components(separatedBy: "```sql\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }()

  @Test func `the article has five queries and names each column of each table`() throws {
    #expect(Self.queries.count == 5)
    let article = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Ledger/Ledger.docc/Schema.md").standardized
    let text = try String(contentsOf: article, encoding: .utf8)
    let directory = try TemporaryDirectory()
    try RunStore.create(at: directory.file("run.sqlite"), header: .example).close()
    let database = try DatabaseQueue(path: directory.file("run.sqlite").path)
    try database.read { database in
      let tables = [
        "run", "stage", "round", "outcome", "traffic", "counter", "cohort", "meter", "origin",
        "epoch", "timing", "holding", "fairness", "gradient", "clock", "training", "best",
        "extended", "measuring", "normalization", "heldOut", "heldOutClass",
      ]
      let all = try String.fetchSet(
        database,
        sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
      #expect(Set(tables) == all)
      let version = try #require(try Int.fetchOne(database, sql: "PRAGMA user_version"))
      #expect(text.contains("user version \(version))"))
      #expect(text.contains("\nversion \(version - 1) "), "what the newest version brought")
      for table in tables {
        let line = try #require(
          text.components(separatedBy: "\n").first { $0.hasPrefix("| `\(table)` |") })
        for column in try database.columns(in: table) {
          #expect(line.contains("`\(column.name)`"), "\(table).\(column.name)")
        }
      }
    }
  }

  @Test(arguments: Array(Self.queries.enumerated()).map(\.offset))
  func `a query of the article gives rows`(index: Int) throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...2 {
      var record = RoundRecord.example
      record.round = round
      record.stage = round
      try store.append(record, book: .example)
    }
    let database = try DatabaseQueue(path: directory.file("run.sqlite").path)
    let rows = try database.read { try Row.fetchAll($0, sql: Self.queries[index]) }
    let expected: [[String]] = [
      [
        "1 down 1600 1864", "1 up 200 240", "2 down 1600 1864", "2 up 200 240",
      ],
      ["1 0.5 2104", "2 0.5 4208"],
      ["1 0 2 2", "3 2 0 2", "4 2 0 2", "0 0 0 2", "2 0 0 2"],
      ["down keyframe 3600 0.2", "up update 480 0.0", "down control 128 0.0"],
      ["1 5 1 1 2 1 overloaded", "2 5 1 1 2 1 overloaded"],
    ]
    let found = rows.map { row in
      row.map { _, value in
        if let number = Double.fromDatabaseValue(value), case .double = value.storage {
          return "\((number * 1e6).rounded() / 1e6)"
        }
        return String.fromDatabaseValue(value) ?? "\(value)"
      }.joined(separator: " ")
    }
    #expect(found == expected[index])
  }
}
