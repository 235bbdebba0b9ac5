import GRDB

extension RunStore {
  /// How many training samples of each label each client holds, a row for each client; empty where that isn't known.
  public func labels() throws(LedgerError) -> [[Int]] { try read(Self.labels(in:)) }

  /// Keeps who holds which labels; of nothing, only what tells how many clients and labels there are.
  static func insert(labels: [[Int]], into database: Database) throws {
    let statement = try database.cachedStatement(sql: "INSERT INTO holding VALUES (?, ?, ?)")
    for (client, counts) in labels.enumerated() {
      for (label, count) in counts.enumerated() where count > 0 || client == 0 || label == 0 {
        try statement.execute(arguments: [client, label, count])
      }
    }
  }

  static func labels(in database: Database) throws -> [[Int]] {
    guard try database.tableExists("holding"),  // versions 1 and 2 had none
      let extent = try Row.fetchOne(
        database, sql: "SELECT max(client) AS client, max(label) AS label FROM holding"),
      extent["client"] as Int? != nil
    else { return [] }
    let (clients, classes) = (try count(extent, "client") + 1, try count(extent, "label") + 1)
    // Whoever wrote the file: no memory is taken for more than rows can be there for.
    guard let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM holding"),
      clients <= rows, classes <= rows, clients <= (1 << 26) / classes
    else { throw corrupt("it tells of \(clients) clients and \(classes) labels in too few rows") }
    var labels = Array(repeating: Array(repeating: 0, count: classes), count: clients)
    let cursor = try Row.fetchCursor(database, sql: "SELECT * FROM holding")
    while let row = try cursor.next() {
      labels[try count(row, "client")][try count(row, "label")] = try count(row, "samples")
    }
    return labels
  }
}
