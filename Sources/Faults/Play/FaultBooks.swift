import Federation
import Foundation
import Ledger
import Measures
import Progressive
import Wire

/// The contents that the ledger of a scenario's broker must have, and those that it may have.
///
/// A commit that ended with an error may be there or not, one that returned must be. SQLite takes
/// its time: in a part of the scenarios the ledger is but an empty file, and nothing of it is lost.
struct FaultBooks {
  private let scenario: FaultScenario
  private let header: RunHeader
  /// The normalization that the ledger has where it isn't played.
  private var normalization: FederatedNormalization?
  /// The rounds that the ledger may have, from round 1.
  private var rounds: [RoundRecord] = []
  /// The number of them that it must have.
  private var certain = 0
  /// The incarnations that it may have, and those that it must have.
  private var epochs: (possible: Set<Int>, certain: Set<Int>) = ([], [])
  /// True if there must be a ledger.
  private var isMade = false
  /// The last round that was found in it, or booked since.
  private(set) var last = 0
  /// The last incarnation that was found in it, or began since; 0 for none.
  private(set) var lastEpoch = 0

  init(of scenario: FaultScenario) {
    self.scenario = scenario
    header = RunHeader(
      name: "faults", seed: scenario.seed, clock: "real", transport: "tcp",
      model: ModelDescription(
        name: "none", parameters: 2,
        stages: (1...2).map { StageDescription(stage: $0, parameters: $0, flopsPerSample: 1) }),
      strategy: "fedavg", codecs: CodecNames(down: "dense32", up: "dense32"), plannedRounds: 0,
      framing: ChunkFraming(overhead: ByteCount(10)))
  }

  /// The fault of there being no ledger; nil where that is right.
  var absence: String? { isMade ? "the ledger is gone" : nil }

  /// Makes the ledger.
  ///
  /// - Returns: The ledger, which is open; nil where it isn't played.
  mutating func make(at url: URL, on disk: SimulatedDisk) throws -> RunStore? {
    var ledger: RunStore?
    if scenario.playsLedger {
      ledger = try RunStore.create(at: url, header: header, on: disk)
    } else {
      do { try DurableFile.write([UInt8](), to: url, on: disk) } catch {
        try? DurableFile.remove(url, on: disk)  // as the ledger does
        throw error
      }
    }
    isMade = true
    (last, lastEpoch) = (0, 0)
    return ledger
  }

  /// Opens the ledger to go on with it; nil where it isn't played.
  func open(at url: URL, on disk: SimulatedDisk) throws -> RunStore? {
    scenario.playsLedger ? try RunStore.open(at: url, on: disk) : nil
  }

  // MARK: Commits

  /// Keeps a round, if there is one to be kept.
  mutating func append(_ record: RoundRecord?, to ledger: RunStore?) throws {
    guard let record else { return }
    rounds = rounds.prefix(record.round - 1) + [record]
    try ledger?.append(record, book: Self.book(of: record))
    (last, certain) = (record.round, record.round)
  }

  /// Forgets the rounds after `round`.
  mutating func discard(after round: Int, in ledger: RunStore?) throws {
    // What was opened to be gone on with stays.
    rounds = Array(rounds.prefix(last))
    certain = min(last, round)
    try ledger?.discardRounds(after: round)
    rounds = Array(rounds.prefix(round))
    last = round
  }

  /// Notes that an incarnation begins.
  mutating func begin(_ epoch: Epoch, in ledger: RunStore?) throws {
    epochs.possible.insert(epoch.number)
    try ledger?.begin(epoch)
    epochs.certain.insert(epoch.number)
    // Where the ledger isn't played, the record of incarnations must do without it.
    if ledger != nil { lastEpoch = epoch.number }
  }

  /// Keeps the normalization.
  mutating func keep(_ made: FederatedNormalization, in ledger: RunStore?) throws {
    try ledger?.keep(
      MeasuredNormalization(means: made.means, deviations: made.deviations, clients: 1, samples: 1))
    normalization = made
  }

  /// The normalization that is kept; nil if none is.
  func normalization(in ledger: RunStore?) throws -> FederatedNormalization? {
    guard let ledger else { return normalization }
    return try ledger.normalization().map {
      FederatedNormalization(means: $0.means, deviations: $0.deviations)
    }
  }

  // MARK: Recovery

  /// Reads the ledger as a report does.
  ///
  /// - Returns: What is wrong with it; nil for nothing.
  mutating func fault(at url: URL, on disk: SimulatedDisk) throws -> String? {
    guard scenario.playsLedger else { return nil }
    let ledger = try RunStore.read(at: url, on: disk)
    defer { ledger.close() }
    let summary = try ledger.summary()
    let numbers = try ledger.epochs().map(\.number)
    (last, lastEpoch) = (summary.rounds.count, numbers.last ?? 0)
    guard (certain...rounds.count).contains(last) else {
      return "the ledger has \(last) rounds, where \(certain) to \(rounds.count) are to be"
    }
    for (found, record) in zip(summary.rounds, rounds) where !Self.isWhole(found, record) {
      return "round \(record.round) is in the ledger by halves"
    }
    let found = Set(numbers)
    guard epochs.certain.isSubset(of: found), found.isSubset(of: epochs.possible) else {
      return "the ledger has incarnations \(numbers), where \(epochs.certain.sorted()) are to be"
    }
    return nil
  }

  private static func isWhole(_ found: RoundSummary, _ record: RoundRecord) -> Bool {
    let book = book(of: record)
    return found.facts == record.facts
      && found.load.traffic.up == book.total(.client, .up)
      && found.load.traffic.down == book.total(.client, .down)
  }

  // MARK: Records

  /// The record of a round.
  func record(of result: RoundResult) -> RoundRecord {
    let outcomes = result.outcomes.map { client, outcome in
      switch outcome {
      case .accepted(let submission):
        ClientOutcome(
          client: client, outcome: .accepted, samples: submission.offer.samples,
          updateSize: ByteCount(submission.offer.length))
      case .late, .carried, .surplus: ClientOutcome(client: client, outcome: .late)
      case .lost: ClientOutcome(client: client, outcome: .lost)
      case .refused(let reason):
        ClientOutcome(client: client, outcome: .refused(reason: reason.name))
      case .declined(let reason):
        ClientOutcome(client: client, outcome: .refused(reason: "\(reason)"))
      }
    }
    var record = RoundRecord(
      round: result.round, stage: scenario.schedule.phase(in: result.round).stage,
      outcomes: outcomes, duplicates: result.duplicates,
      elapsed: .seconds(max(0, (result.closed - result.opened).components.seconds)))
    if scenario.discards(result.round) { record.discard(for: "norm") }
    return record
  }

  /// The bytes of a round's updates.
  private static func book(of record: RoundRecord) -> RoundBook {
    var book = RoundBook()
    for outcome in record.outcomes {
      book.book(
        .client, client: outcome.client, .up, .update, payload: outcome.updateSize,
        wire: outcome.updateSize + ByteCount(record.round))
    }
    return book
  }
}
