import Bytes
import GRDB
import Measures

extension RunStore {
  /// Keeps a round with its traffic in one durable transaction; it replaces one of the same number.
  public func append(_ record: RoundRecord, book: RoundBook) throws(LedgerError) {
    precondition(
      record.round > 0 && record.stage > 0, "round \(record.round), stage \(record.stage)")
    try write { database in
      let header = try Self.header(in: database)
      // Meter readings come apart from the book, which a round that is kept again replaces.
      let readings = try Row.fetchAll(
        database, sql: "SELECT * FROM meter WHERE round = ?", arguments: [record.round])
      try database.execute(sql: "DELETE FROM round WHERE round = ?", arguments: [record.round])
      try Self.insert(record, Effort(record, book: book, model: header.model), into: database)
      try Self.insert(record.outcomes, of: record, into: database)
      try Self.insert(book, round: record.round, into: database)
      for reading in readings {
        try database.execute(
          sql: "INSERT INTO meter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          arguments: StatementArguments(reading.databaseValues))
      }
      try Self.insertTiming(of: record, into: database)
      try Self.insertEvaluation(of: record, into: database)
      try Self.insertTraining(of: record, into: database)
      let counters = record.counters.merging(book.counters, uniquingKeysWith: +)
      for (name, count) in counters.sorted(by: { $0.key < $1.key }) {
        try database.execute(
          sql: "INSERT INTO counter VALUES (?, ?, ?)", arguments: [record.round, name, count])
      }
      // A run that was finished and goes on isn't finished.
      try database.execute(sql: "UPDATE run SET state = ?", arguments: [RunState.running.rawValue])
    }
  }

  /// Keeps how the run ended; a later end replaces an earlier one.
  public func finish(_ final: FinalRecord) throws(LedgerError) {
    try write { database in
      try database.execute(
        sql: """
          UPDATE run SET state = ?, accuracy = ?, loss = ?, dice = ?, modelDigest = ?,
            elapsed = ?, wallClock = ?
          """,
        arguments: [
          final.state.rawValue, final.accuracy, final.loss, final.dice, final.modelDigest?.hex,
          final.elapsed.seconds, final.wallClock.seconds,
        ])
    }
  }

  static func insert(_ header: RunHeader, into database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO run (name, seed, clock, transport, strategy, downCodec, upCodec, model,
          parameters, plannedRounds, chunkSize, chunkOverhead, start)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        header.name, String(header.seed), header.clock, header.transport, header.strategy,
        header.codecs.down, header.codecs.up, header.model.name, header.model.parameters,
        header.plannedRounds, header.framing.size.bytes, header.framing.overhead.bytes,
        header.start,
      ])
    for stage in header.model.stages {
      try database.execute(
        sql: "INSERT INTO stage VALUES (?, ?, ?)",
        arguments: [stage.stage, stage.parameters, stage.flopsPerSample])
    }
    for (number, group) in header.groups.enumerated() {
      try database.execute(
        sql: "INSERT INTO cohort VALUES (?, ?, ?, ?)",
        arguments: [number, group.name, group.clients, group.link])
    }
    guard let extended = header.extends else { return }
    try database.execute(
      sql: "INSERT INTO extended VALUES (?, ?, ?)",
      arguments: [extended.run, extended.rounds, extended.modelDigest])
  }

  static func insert(_ origin: RunOrigin, into database: Database) throws {
    try database.execute(
      sql: "INSERT INTO origin VALUES (?, ?, ?, ?, ?)",
      arguments: [
        String(origin.run), origin.plan, origin.topology, origin.file, origin.overrides,
      ])
  }

  private static func insert(
    _ record: RoundRecord, _ effort: Effort, into database: Database
  ) throws {
    try database.execute(
      sql: "INSERT INTO round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        record.round, record.stage, record.warmUp, record.selected, record.accepted, record.late,
        record.lost, record.refused, record.duplicates, record.elapsed.seconds, record.accuracy,
        record.loss, record.dice, effort.flops, effort.fullModelFlops, effort.downClients,
        effort.upClients,
      ])
  }

  private static func insert(
    _ outcomes: [ClientOutcome], of record: RoundRecord, into database: Database
  ) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
    for outcome in outcomes.sorted(by: { $0.client < $1.client }) {
      let (name, reason) = outcome.outcome.columns
      try statement.execute(arguments: [
        record.round, outcome.client, name, reason, outcome.stage ?? record.stage,
        outcome.samples, outcome.trainedSamples, outcome.updateSize.bytes,
        outcome.elapsed?.seconds,
      ])
    }
  }

  static func insert(_ book: RoundBook, round: Int, into database: Database) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    for (key, entry) in book.sorted {
      try statement.execute(arguments: [
        round, key.view.rawValue, key.client, key.direction.rawValue, key.kind.rawValue,
        entry.delivered.payload.bytes, entry.delivered.wire.bytes, entry.deliveredCount,
        entry.offered.payload.bytes, entry.offered.wire.bytes, entry.offeredCount,
      ])
    }
  }
}

extension ClientOutcome.Outcome {
  /// The outcome's name and reason, as the ledger spells them.
  fileprivate var columns: (name: String, reason: String?) {
    switch self {
    case .accepted: ("accepted", nil)
    case .late: ("late", nil)
    case .lost: ("lost", nil)
    case .refused(let reason): ("refused", reason)
    }
  }
}
