import GRDB

/// Changes to the ledger; each is one durable transaction.
extension RunStore {
  /// Notes that the broker begins, or goes on, as this incarnation: the run is running.
  public func begin(_ epoch: Epoch) throws(LedgerError) {
    try write { database in
      let run = RunTable(database: database)
      try run.insert(epoch)
      try run.markRunning()
    }
  }

  /// Keeps a round with its traffic; it replaces one of the same number.
  public func append(_ record: RoundRecord, book: RoundBook) throws(LedgerError) {
    precondition(
      record.round > 0 && record.stage > 0, "round \(record.round), stage \(record.stage)")
    try write { database in
      let (run, rounds) = (RunTable(database: database), RoundTable(database: database))
      let meter = MeterTable(database: database)
      // Meter readings come apart from the book, which a round that is kept again replaces.
      let readings = try meter.rows(of: record.round)
      try rounds.remove(record.round)
      try rounds.insert(record, Effort(record, book: book, model: try run.header().model))
      try OutcomeTable(database: database).insert(record)
      try TrafficTable(database: database).insert(book, round: record.round)
      try meter.restore(readings)
      var counters = record.counters.merging(book.counters, uniquingKeysWith: +)
      if let fault = record.discarded { counters[RunSummary.discardedPrefix + fault] = 1 }
      for (name, count) in counters.sorted(by: { $0.key < $1.key }) {
        try rounds.count(name, by: count, in: record.round)
      }
      // A run that was finished and goes on isn't finished.
      try run.markRunning()
    }
  }

  /// Adds to a kept round the traffic that crossed the links after it, before the next one or the
  /// end.
  public func add(_ book: RoundBook, to round: Int) throws(LedgerError) {
    try write { database in
      try TrafficTable(database: database).insert(book, round: round)
      for (name, count) in book.counters.sorted(by: { $0.key < $1.key }) {
        try RoundTable(database: database).count(name, by: count, in: round)
      }
    }
  }

  /// Keeps both meters' counts since the last reading, beside the round after which it was taken.
  ///
  /// A round of that number must be kept already; a second reading after it is added to the first.
  public func append(_ reading: MeterReading, after round: Int) throws(LedgerError) {
    try write { try MeterTable(database: $0).insert(reading, after: round) }
  }

  /// Keeps the training samples of each label that a client holds, as it told, in place of what was
  /// known.
  public func keep(labels: [Int], of client: Int) throws(LedgerError) {
    try write { try HoldingTable(database: $0).replace(labels, of: client) }
  }

  /// Forgets the rounds after `round`, as a run does that goes on from a checkpoint of that round.
  ///
  /// Their bytes were moved over real links, if in vain: with `keepingTraffic` they are booked in
  /// `round` from now on, and the counter `round repeated after a restart` tells the number of
  /// rounds. Before the first round there is nowhere to book them.
  public func discardRounds(
    after round: Int, keepingTraffic: Bool = false
  ) throws(LedgerError) {
    try write { database in
      let rounds = RoundTable(database: database)
      let repeated = try rounds.number(after: round)
      if keepingTraffic, repeated > 0, try rounds.contains(round) {
        try TrafficTable(database: database).move(after: round)
        try rounds.moveCounters(after: round)
        try rounds.count("round repeated after a restart", by: repeated, in: round)
      }
      try rounds.remove(after: round)
    }
  }

  /// Keeps the end of the run; a later end replaces an earlier one.
  public func finish(_ final: FinalRecord) throws(LedgerError) {
    try write { try RunTable(database: $0).update(final) }
  }
}
