import Foundation
import GRDB
import TestSupport

/// A run of a second or two on made-up data, and what its ledger says.
///
/// A round begins only with all four clients there, so that each run draws the same ones, whatever
/// happens.
struct TinyRun {
  /// The topology's text.
  static func topology(
    seed: Int = 7, rounds: String = "[1, 1, 2]", participation: String = "  minimum: 4"
  ) -> String {
    """
    name: tiny
    seed: \(seed)
    clients: 4
    model:
      name: convnet
    data:
      name: synthetic
      limit:
        train: 160
        test: 100
    stages:
      rounds: \(rounds)
    participation:
      perRound: 3
    \(participation)
    codecs:
      up: linear8
      down: linear8
    limits:
      announce: 100 ms
      gather: 300 ms
      join: 100 ms
      fetch: 500 ms
      offer: 500 ms
      farewell: 500 ms
      chunk: 64 kB
    """
  }

  /// An update that counts.
  struct Update: Hashable {
    var round: Int
    var client: Int
  }

  /// The final model of a run of this topology that nothing disturbed.
  static func digest(of topology: String, in folder: Folder) throws -> String? {
    let run = try Command([
      "simulate", topology, "--clock", "real", "--out", folder.path("undisturbed"), "--json",
      "--quiet",
    ])
    guard run.status() == 0 else { return nil }
    return try SmallRun.summary(run.standardOutput).final.modelDigest
  }

  /// What a run directory's ledger says.
  struct Ledger {
    /// The updates that count, each as often as it was booked.
    var accepted: [Update]
    /// The first round of each incarnation of the broker.
    var epochs: [Int]
    /// How the run ended.
    var state: String
    /// The final model.
    var digest: String?

    /// Reads the ledger in the run directory at `path`.
    init(at path: String) throws {
      let database = try DatabaseQueue(path: "\(path)/run.sqlite")
      (accepted, epochs, state, digest) = try database.read { database in
        let rows = try Row.fetchAll(
          database, sql: "SELECT round, client FROM outcome WHERE outcome = 'accepted'")
        let run = try Row.fetchOne(database, sql: "SELECT state, modelDigest FROM run")
        return (
          rows.map { Update(round: $0[0], client: $0[1]) },
          try Int.fetchAll(database, sql: "SELECT round FROM epoch ORDER BY epoch"),
          run?["state"] ?? "", run?["modelDigest"]
        )
      }
    }
  }

  /// The bytes of one kind that a client's link carried one way in a round.
  struct Traffic: Hashable {
    var client: Int?
    var direction: String
    var wire: Int
  }

  /// What the links of a run carried of one kind.
  static func traffic(in path: String, of kind: String) throws -> [Traffic] {
    let database = try DatabaseQueue(path: "\(path)/run.sqlite")
    return try database.read { database in
      try Row.fetchAll(
        database,
        sql: "SELECT client, direction, wire FROM traffic WHERE view = 'client' AND kind = ?",
        arguments: [kind]
      ).map { Traffic(client: $0[0], direction: $0[1], wire: $0[2]) }
    }
  }

  /// The bytes of the model that went down to be trained, by round.
  struct Payloads {
    var training: [Int: Int]

    /// Reads the ledger in the run directory at `path`.
    init(at path: String) throws {
      let database = try DatabaseQueue(path: "\(path)/run.sqlite")
      let rows = try database.read { database in
        try Row.fetchAll(
          database,
          sql: """
            SELECT round, sum(CASE WHEN kind IN ('keyframe', 'delta', 'repair') THEN payload ELSE 0 END)
            FROM traffic WHERE view = 'client' AND direction = 'down' GROUP BY round
            """)
      }
      training = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    }
  }

  /// The updates of which a worker wrote that they count.
  static func acknowledged(_ worker: Command) -> Set<Update> {
    var updates: Set<Update> = []
    for line in worker.standardError.split(separator: "\n") where line.hasSuffix("counts") {
      let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
      if numbers.count == 2 { updates.insert(Update(round: numbers[0], client: numbers[1])) }
    }
    return updates
  }
}
