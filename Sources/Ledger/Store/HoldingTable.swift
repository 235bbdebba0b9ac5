import GRDB

/// The table of the training samples of each label that each client holds.
struct HoldingTable {
  let database: Database

  /// Keeps `labels`, a row for each client; of zeros, only those that tell the clients and labels.
  func insert(_ labels: [[Int]]) throws {
    let statement = try database.cachedStatement(sql: "INSERT INTO holding VALUES (?, ?, ?)")
    for (client, counts) in labels.enumerated() {
      for (label, count) in counts.enumerated() where count > 0 || client == 0 || label == 0 {
        try statement.execute(arguments: [client, label, count])
      }
    }
  }

  /// Keeps the counts of one client, in place of those that were there.
  func replace(_ counts: [Int], of client: Int) throws {
    try database.execute(sql: "DELETE FROM holding WHERE client = ?", arguments: [client])
    let statement = try database.cachedStatement(sql: "INSERT INTO holding VALUES (?, ?, ?)")
    for (label, count) in counts.enumerated() where count > 0 || client == 0 || label == 0 {
      try statement.execute(arguments: [client, label, count])
    }
  }

  /// The counts, a row for each client; empty where they aren't known.
  func labels() throws -> [[Int]] {
    guard try database.tableExists("holding"),  // versions 1 and 2 had none
      let extent = try Row.fetchOne(
        database, sql: "SELECT max(client) AS client, max(label) AS label FROM holding"),
      extent["client"] as Int? != nil
    else { return [] }
    let (clients, classes) = (try extent.count("client") + 1, try extent.count("label") + 1)
    // Whoever wrote the file: no memory is taken for more than rows can be there for.
    guard let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM holding"),
      clients <= rows, classes <= rows, clients <= (1 << 26) / classes
    else {
      throw DatabaseError.corrupt(
        "it tells of \(clients) clients and \(classes) labels in too few rows")
    }
    var labels = Array(repeating: Array(repeating: 0, count: classes), count: clients)
    let cursor = try Row.fetchCursor(database, sql: "SELECT * FROM holding")
    while let row = try cursor.next() {
      labels[try row.count("client")][try row.count("label")] = try row.count("samples")
    }
    return labels
  }
}
