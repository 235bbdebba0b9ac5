import Foundation
import TestSupport
import Testing

/// A small topology on real data, and the fields of its result that tests look at.
struct SmallRun {
  /// The topology's text; `participation` replaces the lines of that section.
  static func topology(
    participation: String = "  perRound: 4", rounds: String = "[1, 2, 2]", more: String = ""
  ) -> String {
    """
    name: small
    seed: 7
    clients: 8
    strategy: progressive
    model:
      name: convnet
    data:
      name: fashion-mnist
      partition:
        dirichlet: 1
        minimum: 10
      limit:
        train: 1200
        test: 500
    stages:
      rounds: \(rounds)
      warmUp: 1
    participation:
    \(participation)
    codecs:
      up: linear8
      down: linear8
    \(more)
    """
  }

  /// The parts of the stable JSON object that are looked at.
  struct Summary: Decodable {
    struct Bytes: Decodable {
      var payload: Int
      var wire: Int
    }
    struct Round: Decodable {
      var round: Int
      var stage: Int
      var warmUp: Bool
      var selected: Int
      var accepted: Int
      var late: Int
      var lost: Int
      var refused: Int
      var down: Bytes
      var up: Bytes
    }
    struct Normalization: Decodable, Equatable {
      var means: [Float]
      var deviations: [Float]
      var clients: Int
      var samples: Int
    }
    struct Final: Decodable {
      var accuracy: Double?
      var loss: Double?
      var modelDigest: String?
    }
    var format: Int
    var rounds: [Round]
    var counters: [String: Int]
    var final: Final
    var kinds: [String: [String: Bytes]]?
    var normalization: Normalization?
  }

  /// What the simulation of a topology comes to, which is expected to end well.
  static func play(
    _ topology: String, to directory: String, _ options: [String] = []
  ) throws -> Summary {
    let run = try Command(
      ["simulate", topology, "--out", directory, "--json", "--quiet"] + options)
    #expect(run.status() == 0, "\(run.standardError)")
    return try summary(run.standardOutput)
  }

  /// The object that a command printed.
  static func summary(_ text: String) throws -> Summary {
    try JSONDecoder().decode(Summary.self, from: Data(text.utf8))
  }
}
