import Foundation
import GRDB
import Measures
import TestSupport
import Testing

/// A fleet that a nemesis harasses for minutes, and whose history is then looked at from outside.
///
/// `PROGFED_HISTORY_SEED` draws other faults, `PROGFED_HISTORY_SECONDS` faults for longer.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(60))) struct HistoryTests {
  private static func number(_ variable: String, default standard: Double) -> Double {
    ProcessInfo.processInfo.environment[variable].flatMap(Double.init) ?? standard
  }

  /// Ten clients that remember what their updates left out and their control variates.
  ///
  /// A round begins with all of them there and waits for all that it asked, so that the model is
  /// that of an undisturbed run.
  private static func topology(rounds: Int) -> String {
    let quarter = rounds / 4
    return TinyRun.topology(
      rounds: "[\(quarter), \(quarter), \(quarter), \(rounds - 3 * quarter)]",
      participation: "  minimum: 10\n  deadline: 1 h\n  patience: 1 h"
    )
    .replacing("clients: 4", with: "clients: 10")
    .replacing("name: convnet", with: "name: convnet-cifar")
    .replacing("perRound: 3", with: "perRound: 8")
    .replacing("train: 160", with: "train: 400")
    .replacing("  up: linear8", with: "  up: linear8\n  errorFeedback: true")
      + "\ntraining:\n  correction: scaffold\n  learningRate: 0.002\nevaluation:\n  every: 10\n"
  }

  @Test func `a run keeps its promises whatever is done to its processes, links and disks`() throws
  {
    let seconds = Self.number("PROGFED_HISTORY_SECONDS", default: 100)
    let seed = UInt64(Self.number("PROGFED_HISTORY_SEED", default: 1))
    let folder = try Folder()
    // More than there is time for while the faults last.
    let rounds = max(20, Int(2.5 * seconds))
    let topology = try folder.write(Self.topology(rounds: rounds), to: "tiny.yaml")
    let undisturbed = try Command([
      "simulate", topology, "--out", folder.path("undisturbed"), "--json", "--quiet", "--threads",
      "1",
    ])
    let fleet = try DisturbedFleet(topology, rounds: rounds, in: folder)
    var nemesis = Nemesis(
      seed: seed, seconds: seconds, kinds: fleet.kinds, workers: DisturbedFleet.clients.count,
      shiftsClocks: OtherClock.isPermitted)
    let start = ContinuousClock.now
    try nemesis.haunt(fleet)
    let (calm, calmRound) = (ContinuousClock.now, fleet.latestRound)
    let isDone = try fleet.settle(within: 300 + seconds)
    let end = ContinuousClock.now

    func account() -> String {
      """
      seed \(seed), \(rounds) rounds; faults for \(Int((calm - start).seconds)) s, to round \
      \(calmRound), then \(Int((end - calm).seconds)) s without; \(nemesis.total) faults: \
      \(nemesis.summary); \(fleet.shiftedClocks) starts with another monotonic clock
      """
    }
    func details() -> Comment {
      Comment(rawValue: ([account()] + nemesis.account + [fleet.tails()]).joined(separator: "\n"))
    }
    print(account())
    #expect(fleet.surprises.isEmpty, "\(fleet.surprises.joined(separator: "\n"))\n\(details())")
    try #require(isDone, "the run is in round \(fleet.latestRound), and doesn't end\n\(details())")
    #expect(undisturbed.status(within: 300) == 0, "\(undisturbed.standardError)")
    let summary = try SmallRun.summary(undisturbed.standardOutput)
    try #require(summary.rounds.allSatisfy { $0.accepted == 8 })
    let expected = try #require(summary.final.modelDigest)
    let history = try fleet.history(expecting: expected)
    let violations = history.violations
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))\n\(details())")
    // Otherwise little was tested. On a fast machine the run is nearly at its end sooner.
    let haunted = min(seconds, (calm - start).seconds)
    #expect(history.tellings > history.ledger.accepted.count / 2, "\(details())")
    #expect(history.memoriesFound >= Int(haunted / 33), "\(details())")
    #expect(nemesis.total >= Int(haunted / 5), "\(details())")
    #expect(nemesis.brokerKills >= Int(haunted / 33), "\(details())")
  }

  /// The same seed means the same faults, and each kind comes.
  @Test func `faults are drawn by seed, each kind among them`() {
    func faults(_ seed: UInt64) -> [Nemesis.Fault] {
      Nemesis(
        seed: seed, seconds: 100, kinds: Nemesis.Kind.allCases, workers: 5, shiftsClocks: true
      ).faults
    }
    for seed in UInt64(1)...20 {
      #expect(faults(seed) == faults(seed))
      #expect(faults(seed) != faults(seed + 1))
      let kinds = faults(seed).map(\.kind)
      #expect(Set(kinds).count == Nemesis.Kind.allCases.count, "seed \(seed)")
      #expect((30...80).contains(kinds.count))
      #expect(kinds.count { $0 == .killBroker || $0 == .killTwice } >= 5)
    }
  }
}

extension RunHistory.Ledger {
  /// Reads the ledger in the folder at `path`.
  init(at path: String) throws {
    let database = try DatabaseQueue(path: "\(path)/run.sqlite")
    self = try database.read { database in
      let run = try Row.fetchOne(
        database, sql: "SELECT plannedRounds, state, modelDigest FROM run")
      let rounds = try Row.fetchAll(
        database,
        sql: """
          SELECT round, selected, accepted, opened, closed FROM round JOIN clock USING (round)
          ORDER BY round
          """)
      let epochs = try Row.fetchAll(
        database, sql: "SELECT epoch, round, start FROM epoch ORDER BY epoch")
      return Self(
        plannedRounds: run?["plannedRounds"] ?? 0,
        rounds: rounds.map {
          RunHistory.Round(
            number: $0[0], selected: $0[1], accepted: $0[2], opened: $0[3], closed: $0[4])
        },
        accepted: try TinyRun.Ledger(at: path).accepted,
        epochs: epochs.map { RunHistory.Epoch(number: $0[0], round: $0[1], start: $0[2] ?? "") },
        amounts: try Self.amounts(in: database), state: run?["state"] ?? "",
        digest: run?["modelDigest"])
    }
  }

  /// The least of each amount that is never below zero.
  private static func amounts(in database: Database) throws -> [String: Int] {
    let columns = [
      "traffic": [
        "payload", "wire", "messages", "offeredPayload", "offeredWire", "offeredMessages",
        "wire - payload", "offeredWire - offeredPayload",
      ],
      "meter": ["ledger", "kernel", "retransmitted", "connections", "unmetered", "rejected"],
      "outcome": ["samples", "trainedSamples", "updateSize"],
      "round": ["late", "lost", "refused", "duplicates", "downClients", "upClients"],
      "counter": ["count"],
    ]
    var amounts: [String: Int] = [:]
    for (table, columns) in columns {
      for column in columns {
        amounts["\(table): \(column)"] = try Int.fetchOne(
          database, sql: "SELECT min(\(column)) FROM \(table)")
      }
    }
    return amounts
  }
}
