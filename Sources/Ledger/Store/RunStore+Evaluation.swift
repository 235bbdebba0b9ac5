import Bytes
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

  /// Keeps how a round was trained, and its model's name if that is the best so far.
  static func insertTraining(of record: RoundRecord, into database: Database) throws {
    if record.learningRate != nil || record.trainingLoss != nil {
      try database.execute(
        sql: "INSERT INTO training VALUES (?, ?, ?)",
        arguments: [record.round, record.learningRate.finite, record.trainingLoss.finite])
    }
    if let digest = record.bestModelDigest {
      try database.execute(
        sql: "INSERT INTO best VALUES (?, ?)", arguments: [record.round, digest.hex])
    }
  }

  /// The clients' learning rate and mean loss, by round.
  static func trainings(
    in database: Database
  ) throws -> [Int: (learningRate: Double?, loss: Double?)] {
    guard try database.tableExists("training") else { return [:] }  // versions 1 to 3 had none
    let rows = try Row.fetchAll(database, sql: "SELECT round, learningRate, loss FROM training")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], ($0[1], $0[2])) })
  }

  /// The last round whose model was the best so far, and that model's name; nil if there is none.
  static func best(in database: Database) throws -> (round: Int, modelDigest: Digest?)? {
    guard try database.tableExists("best"),  // versions 1 to 3 had none
      let row = try Row.fetchOne(database, sql: "SELECT * FROM best ORDER BY round DESC LIMIT 1")
    else { return nil }
    return (try count(row, "round"), Digest(hex: row["modelDigest"]))
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
