import Bytes
import GRDB
import Measures

extension RunStore {
  /// What was known of the run before its first round.
  public func header() throws(LedgerError) -> RunHeader { try read(Self.header(in:)) }

  /// The last round that is kept; nil if there is none yet.
  public func lastRound() throws(LedgerError) -> Int? {
    try read { try Int.fetchOne($0, sql: "SELECT max(round) FROM round") }
  }

  /// How many updates counted in all rounds together.
  public func acceptedUpdates() throws(LedgerError) -> Int {
    try read { try Int.fetchOne($0, sql: "SELECT sum(accepted) FROM round") ?? 0 }
  }

  /// What the run came to so far, from one consistent view of the ledger.
  public func summary() throws(LedgerError) -> RunSummary {
    try read { database in
      let header = try Self.header(in: database)
      let rounds = try Self.rounds(in: database, header: header)
      let end = try Self.end(in: database)
      let best = try Self.best(in: database)
      let last = rounds.last { $0.accuracy != nil || $0.loss != nil }
      return RunSummary(
        name: header.name, seed: header.seed, clock: header.clock, transport: header.transport,
        strategy: header.strategy, codecs: header.codecs, state: end?.state ?? .running,
        plannedRounds: header.plannedRounds,
        elapsed: end?.elapsed ?? rounds.last?.closed ?? .zero,
        wallClock: end?.wallClock, model: header.model, rounds: rounds,
        stages: StageSummary.stages(
          of: rounds, model: header.model, participants: try Self.participants(in: database)),
        totals: rounds.map(\.load).reduce(.zero, +),
        fullModel: rounds.map(\.fullModel).reduce(.zero, +),
        sockets: try Self.traffic(in: database, view: .socket),
        offered: try Self.traffic(in: database, view: .client, offered: true),
        kinds: try Self.kinds(in: database), counters: try Self.counters(in: database),
        meter: try Self.meter(in: database), groups: header.groups,
        partition: PartitionSummary(of: try Self.labels(in: database)),
        targets: Milestone.targets(of: rounds),
        final: FinalSummary(
          accuracy: end?.accuracy ?? last?.accuracy, loss: end?.loss ?? last?.loss,
          dice: end?.dice ?? last?.dice, accuracies: ScoreSummary(of: rounds.map(\.accuracy)),
          dices: ScoreSummary(of: rounds.map(\.dice)), modelDigest: end?.modelDigest,
          bestRound: best?.round, bestModelDigest: best?.modelDigest),
        extends: header.extends)
    }
  }

  static func header(in database: Database) throws -> RunHeader {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run") else {
      throw corrupt("no run is in it")
    }
    guard let seed = UInt64(row["seed"] as String) else { throw corrupt("its seed is no number") }
    let chunkSize = try count(row, "chunkSize")
    let overhead = try count(row, "chunkOverhead")
    guard chunkSize > 0, overhead <= 1 << 20 else {
      throw corrupt("its chunks are of \(chunkSize) and \(overhead) bytes")
    }
    let stages = try Row.fetchAll(database, sql: "SELECT * FROM stage ORDER BY stage")
    return RunHeader(
      name: row["name"], seed: seed, clock: row["clock"], transport: row["transport"],
      model: ModelDescription(
        name: row["model"], parameters: try count(row, "parameters"),
        stages: try stages.map {
          StageDescription(
            stage: try count($0, "stage"), parameters: try count($0, "parameters"),
            flopsPerSample: $0["flopsPerSample"])
        }),
      strategy: row["strategy"], codecs: CodecNames(down: row["downCodec"], up: row["upCodec"]),
      plannedRounds: try count(row, "plannedRounds"),
      framing: ChunkFraming(
        size: ByteCount(chunkSize), overhead: ByteCount(overhead)),
      start: row["start"], groups: try groups(in: database), extends: try extended(in: database))
  }

  /// The run whose last model this one began with; nil for none.
  private static func extended(in database: Database) throws -> ExtendedRun? {
    guard try database.tableExists("extended"),
      let row = try Row.fetchOne(database, sql: "SELECT * FROM extended")
    else { return nil }
    return ExtendedRun(
      run: row["run"], rounds: try count(row, "rounds"), modelDigest: row["modelDigest"])
  }

  /// How the run ended; nil while it goes on.
  private static func end(in database: Database) throws -> FinalRecord? {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run"),
      let state = RunState(rawValue: row["state"]), state != .running
    else { return nil }
    let digest: String? = row["modelDigest"]
    return FinalRecord(
      state: state, accuracy: row["accuracy"], loss: row["loss"], dice: row["dice"],
      modelDigest: digest.flatMap(Digest.init(hex:)),
      elapsed: try time(row, "elapsed") ?? .zero, wallClock: try time(row, "wallClock") ?? .zero)
  }
}
