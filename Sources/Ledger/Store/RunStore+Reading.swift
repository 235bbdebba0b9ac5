import GRDB

extension RunStore {
  /// The facts of the run that were known before its first round.
  public func header() throws(LedgerError) -> RunHeader {
    try read { try RunTable(database: $0).header() }
  }

  /// The origin of the run; nil in ledgers that were made before runs could be resumed.
  public func origin() throws(LedgerError) -> RunOrigin? {
    try read { try RunTable(database: $0).origin() }
  }

  /// The incarnations of the run's broker, in order.
  public func epochs() throws(LedgerError) -> [Epoch] {
    try read { try RunTable(database: $0).epochs() }
  }

  /// The last round that is kept; nil if there is none yet.
  public func lastRound() throws(LedgerError) -> Int? {
    try read { try RoundTable(database: $0).last() }
  }

  /// The number of updates that counted in all rounds together.
  public func acceptedUpdates() throws(LedgerError) -> Int {
    try read { try RoundTable(database: $0).acceptedUpdates() }
  }

  /// The training samples of each label that each client holds, a row for each client.
  ///
  /// Empty where that isn't known.
  public func labels() throws(LedgerError) -> [[Int]] {
    try read { try HoldingTable(database: $0).labels() }
  }

  /// The bookings of a round that were delivered.
  public func bookings(of round: Int) throws(LedgerError) -> [Booking] {
    try read { try TrafficTable(database: $0).bookings(of: round) }
  }

  /// Each client's part in the run, in client order; those that never took part are left out.
  public func clients() throws(LedgerError) -> [ClientTotal] {
    var totals: [ClientTotal] = []
    for part in try clientsByStage() {
      if totals.last?.client != part.client {
        totals.append(
          ClientTotal(client: part.client, selected: 0, accepted: 0, traffic: .zero, flops: 0))
      }
      let last = totals.count - 1
      totals[last].selected += part.selected
      totals[last].accepted += part.accepted
      totals[last].traffic += part.load.traffic
      totals[last].flops += part.load.flops
    }
    return totals
  }

  /// Each client's part in the rounds of each stage, in the order of clients and stages.
  public func clientsByStage() throws(LedgerError) -> [ClientStageTotal] {
    try read { try OutcomeTable(database: $0).clientsByStage() }
  }

  /// The run so far, from one consistent view of the ledger.
  public func summary() throws(LedgerError) -> RunSummary {
    try read { database in
      let (run, traffic) = (RunTable(database: database), TrafficTable(database: database))
      let table = RoundTable(database: database)
      let header = try run.header()
      let rounds = try table.summaries(header)
      let (end, best) = (try run.end(), try table.best())
      let groups = try OutcomeTable(database: database).counting(
        header.groups, stages: header.model.stages.count)
      let last = rounds.last { $0.accuracy != nil || $0.loss != nil }
      return RunSummary(
        name: header.name, seed: header.seed, clock: header.clock, transport: header.transport,
        strategy: header.strategy, codecs: header.codecs, state: end?.state ?? .running,
        plannedRounds: header.plannedRounds,
        elapsed: end?.elapsed ?? rounds.last?.closed ?? .zero,
        wallClock: end?.wallClock, model: header.model, rounds: rounds,
        stages: StageSummary.stages(
          of: rounds, model: header.model,
          participants: try OutcomeTable(database: database).participants()),
        totals: rounds.map(\.load).reduce(.zero, +),
        fullModel: rounds.map(\.fullModel).reduce(.zero, +),
        sockets: try traffic.total(.socket), offered: try traffic.total(.client, offered: true),
        kinds: try traffic.byKind(), counters: try table.counters(),
        meter: try MeterTable(database: database).summary(), groups: groups,
        partition: PartitionSummary(of: try HoldingTable(database: database).labels()),
        targets: Milestone.targets(of: rounds),
        final: FinalSummary(
          accuracy: end?.accuracy ?? last?.accuracy, loss: end?.loss ?? last?.loss,
          dice: end?.dice ?? last?.dice, accuracies: ScoreSummary(of: rounds.map(\.accuracy)),
          dices: ScoreSummary(of: rounds.map(\.dice)), modelDigest: end?.modelDigest,
          bestRound: best?.round, bestModelDigest: best?.modelDigest),
        extends: header.extends, isOfCostModel: try run.origin()?.isOfCostModel ?? false,
        normalization: try NormalizationTable(database: database).normalization())
    }
  }
}
