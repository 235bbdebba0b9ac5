import Bytes
import GRDB
import Measures

/// The tables that tell of the run as a whole: its plan, its model, its broker's incarnations, its
/// end.
struct RunTable {
  let database: Database

  // MARK: Before the first round

  /// Keeps what is known before the first round.
  func insert(_ header: RunHeader) throws {
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
        sql: "INSERT INTO stage VALUES (?, ?, ?, ?)",
        arguments: [stage.stage, stage.parameters, stage.flopsPerSample, stage.memory?.bytes])
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

  /// The facts that were known before the first round.
  func header() throws -> RunHeader {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run") else {
      throw DatabaseError.corrupt("no run is in it")
    }
    guard let seed = UInt64(row["seed"] as String) else {
      throw DatabaseError.corrupt("its seed is no number")
    }
    let chunkSize = try row.count("chunkSize")
    let overhead = try row.count("chunkOverhead")
    guard chunkSize > 0, overhead <= 1 << 20 else {
      throw DatabaseError.corrupt("its chunks are of \(chunkSize) and \(overhead) bytes")
    }
    let stages = try Row.fetchAll(database, sql: "SELECT * FROM stage ORDER BY stage")
    return RunHeader(
      name: row.name("name"), seed: seed, clock: row.name("clock"),
      transport: row.name("transport"),
      model: ModelDescription(
        name: row.name("model"), parameters: try row.count("parameters"),
        stages: try stages.map {
          StageDescription(
            stage: try $0.count("stage"), parameters: try $0.count("parameters"),
            flopsPerSample: $0["flopsPerSample"],
            memory: try $0.optionalCount("memory").map(ByteCount.init))
        }),
      strategy: row.name("strategy"),
      codecs: CodecNames(down: row.name("downCodec"), up: row.name("upCodec")),
      plannedRounds: try row.count("plannedRounds"),
      framing: ChunkFraming(size: ByteCount(chunkSize), overhead: ByteCount(overhead)),
      start: row.text("start"), groups: try groups(), extends: try extended())
  }

  /// The groups of clients, in the order in which they were declared.
  private func groups() throws -> [ClientGroup] {
    guard try database.tableExists("cohort") else { return [] }  // version 1 had none
    return try Row.fetchAll(database, sql: "SELECT * FROM cohort ORDER BY number").map { row in
      ClientGroup(
        name: row.name("name"), clients: try row.count("clients"), link: row.text("link"))
    }
  }

  /// The run whose last model this one began with; nil for none.
  private func extended() throws -> ExtendedRun? {
    guard try database.tableExists("extended"),
      let row = try Row.fetchOne(database, sql: "SELECT * FROM extended")
    else { return nil }
    return ExtendedRun(
      run: row.name("run"), rounds: try row.count("rounds"),
      modelDigest: row.name("modelDigest"))
  }

  // MARK: Resumption

  /// Keeps the run's origin.
  func insert(_ origin: RunOrigin) throws {
    try database.execute(
      sql: "INSERT INTO origin VALUES (?, ?, ?, ?, ?)",
      arguments: [
        String(origin.run), origin.plan, origin.topology, origin.file, origin.overrides,
      ])
  }

  /// The run's origin; nil in ledgers that were made before runs could be resumed.
  func origin() throws -> RunOrigin? {
    guard try database.tableExists("origin"),
      let row = try Row.fetchOne(database, sql: "SELECT * FROM origin")
    else { return nil }
    guard let run = UInt64(row["run"] as String) else {
      throw DatabaseError.corrupt("its run's number is no number")
    }
    return RunOrigin(
      run: run, plan: row["plan"], topology: row["topology"], file: row["file"],
      overrides: row["overrides"])
  }

  /// Notes that the broker begins, or goes on, as this incarnation.
  func insert(_ epoch: Epoch) throws {
    try database.execute(
      sql: "INSERT INTO epoch VALUES (?, ?, ?, ?)",
      arguments: [epoch.number, epoch.round, epoch.elapsed.seconds, epoch.start])
  }

  /// The incarnations of the run's broker, in order.
  func epochs() throws -> [Epoch] {
    guard try database.tableExists("epoch") else { return [] }
    let rows = try Row.fetchAll(database, sql: "SELECT * FROM epoch ORDER BY epoch")
    return try rows.map { row in
      Epoch(
        number: try row.count("epoch"), round: try row.count("round"),
        elapsed: try row.time("elapsed") ?? .zero, start: row.text("start"))
    }
  }

  // MARK: End

  /// Notes that the run goes on, also if it was finished.
  func markRunning() throws {
    try database.execute(sql: "UPDATE run SET state = ?", arguments: [RunState.running.rawValue])
  }

  /// Keeps the end of the run; a later end replaces an earlier one.
  func update(_ final: FinalRecord) throws {
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

  /// The end of the run; nil while it goes on.
  func end() throws -> FinalRecord? {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run"),
      let state = RunState(rawValue: row["state"]), state != .running
    else { return nil }
    let digest: String? = row["modelDigest"]
    return FinalRecord(
      state: state, accuracy: row["accuracy"], loss: row["loss"], dice: row["dice"],
      modelDigest: digest.flatMap(Digest.init(hex:)),
      elapsed: try row.time("elapsed") ?? .zero, wallClock: try row.time("wallClock") ?? .zero)
  }
}
