import GRDB

/// The tables of the normalization that was made of clients' sums, where one was.
struct NormalizationTable {
  let database: Database

  /// Keeps a normalization; the run has none yet.
  func insert(_ normalization: MeasuredNormalization) throws {
    guard try self.normalization() == nil else {
      throw DatabaseError.corrupt("it has a normalization already")
    }
    try database.execute(
      sql: "INSERT INTO measuring VALUES (?, ?)",
      arguments: [normalization.clients, normalization.samples])
    for (channel, (mean, deviation)) in zip(normalization.means, normalization.deviations)
      .enumerated()
    {
      try database.execute(
        sql: "INSERT INTO normalization VALUES (?, ?, ?)",
        arguments: [channel, Double(mean), Double(deviation)])
    }
  }

  /// The normalization; nil where there is none.
  func normalization() throws -> MeasuredNormalization? {
    guard try database.tableExists("normalization") else { return nil }  // versions 1 to 8 had none
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM measuring") else { return nil }
    var found = MeasuredNormalization(
      means: [], deviations: [], clients: try row.count("clients"),
      samples: try row.count("samples"))
    let rows = try Row.fetchAll(database, sql: "SELECT * FROM normalization ORDER BY channel")
    for row in rows {
      let (mean, deviation) = (Float(row["mean"] as Double), Float(row["deviation"] as Double))
      guard try row.count("channel") == found.means.count, mean.isFinite, deviation.isFinite,
        deviation > 0
      else { throw DatabaseError.corrupt("its normalization isn't one") }
      found.means.append(mean)
      found.deviations.append(deviation)
    }
    guard !found.means.isEmpty else {
      throw DatabaseError.corrupt("its normalization has no channel")
    }
    return found
  }
}
