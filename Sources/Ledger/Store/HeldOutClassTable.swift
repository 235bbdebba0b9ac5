import GRDB

/// The table of what clients got right of each class that they hold out, where they tell.
struct HeldOutClassTable {
  let database: Database

  /// Keeps the classes of a round.
  func insert(_ record: RoundRecord) throws {
    for (number, result) in record.classes.enumerated() {
      try database.execute(
        sql: "INSERT INTO heldOutClass VALUES (?, ?, ?, ?)",
        arguments: [record.round, number, result.samples, result.correct])
    }
  }

  /// The classes of all rounds, in their order.
  func byRound() throws -> [Int: [ClassResult]] {
    guard try database.tableExists("heldOutClass") else { return [:] }  // versions 1 to 6 had none
    var classes: [Int: [ClassResult]] = [:]
    let rows = try Row.fetchAll(
      database, sql: "SELECT * FROM heldOutClass ORDER BY round, class")
    for row in rows {
      let number = try row.count("round")
      guard try row.count("class") == classes[number, default: []].count else {
        throw DatabaseError.corrupt("a class of round \(number) is missing")
      }
      classes[number, default: []].append(
        ClassResult(samples: try row.count("samples"), correct: try row.count("correct")))
    }
    return classes
  }
}
