import GRDB

extension RunStore {
  /// Keeps how a round's accuracy is spread over the clients, and its gradient, where these are known.
  static func insertEvaluation(of record: RoundRecord, into database: Database) throws {
    if let fairness = record.fairness {
      try database.execute(
        sql: "INSERT INTO fairness VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          record.round, fairness.clients, fairness.mean, fairness.minimum, fairness.lowestTenth,
          fairness.median, fairness.maximum, fairness.deviation,
        ])
    }
    if let norm = record.squaredGradientNorm.finite {
      try database.execute(
        sql: "INSERT INTO gradient VALUES (?, ?)", arguments: [record.round, norm])
    }
  }

  /// How accuracies were spread over the clients, by round.
  static func fairness(in database: Database) throws -> [Int: Fairness] {
    guard try database.tableExists("fairness") else { return [:] }  // versions 1 and 2 had none
    var spreads: [Int: Fairness] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM fairness") {
      spreads[row["round"]] = Fairness(
        clients: try count(row, "clients"), mean: row["mean"], minimum: row["minimum"],
        lowestTenth: row["lowestTenth"], median: row["median"], maximum: row["maximum"],
        deviation: row["deviation"])
    }
    return spreads
  }

  /// The squared norms of the full model's gradient, by round.
  static func squaredGradientNorms(in database: Database) throws -> [Int: Double] {
    guard try database.tableExists("gradient") else { return [:] }  // versions 1 and 2 had none
    let rows = try Row.fetchAll(database, sql: "SELECT round, squaredNorm FROM gradient")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }
}
