import Foundation
import TestSupport
import Testing

/// Whole runs whose clients evaluate the model on what they hold out.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct HoldOutRunTests {
  /// The parts of the stable JSON object that are looked at.
  private struct Summary: Decodable {
    struct Bytes: Decodable {
      var payload: Int
      var wire: Int
    }
    struct Direction: Decodable {
      var down: Bytes
      var up: Bytes
    }
    struct Spread: Decodable, Equatable {
      var clients: Int
      var min: Double
      var median: Double
    }
    struct Round: Decodable {
      var accuracy: Double?
      var loss: Double?
      var heldOutAccuracy: Double?
      var heldOutLoss: Double?
      var heldOutSamples: Int?
      var heldOutClasses: [[String: Int]]?
      var evaluators: Int?
      var fairness: Spread?
      var down: Bytes
    }
    struct Final: Decodable {
      var modelDigest: String?
    }
    var rounds: [Round]
    var kinds: [String: Direction]
    var counters: [String: Int]
    var final: Final
  }

  private static func topology(
    _ evaluation: String, down: String = "dense32", rounds: String = "[1, 1, 2]"
  ) -> String {
    TinyRun.topology(rounds: rounds).replacing("down: linear8", with: "down: \(down)")
      + "\nevaluation: {\(evaluation)}\n"
  }

  private static func play(
    _ text: String, in folder: Folder, as name: String, _ options: [String] = [],
    saying words: String = ""
  ) throws -> Summary {
    let topology = try folder.write(text, to: "\(name).yaml")
    let run = try Command(
      ["simulate", topology, "--out", folder.path(name), "--json", "--quiet"] + options)
    #expect(run.status(within: 120) == 0, "\(run.standardError)")
    if !words.isEmpty { #expect(run.standardError.contains(words), "\(run.standardError)") }
    return try JSONDecoder().decode(Summary.self, from: Data(run.standardOutput.utf8))
  }

  @Test func `all clients together find what the broker's test set says`() throws {
    let folder = try Folder()
    let summary = try Self.play(
      Self.topology("clients: all, perClass: true"), in: folder, as: "all")
    for round in summary.rounds {
      #expect(round.heldOutSamples == 100 && round.evaluators == 4)
      #expect(round.heldOutAccuracy == round.accuracy)
      let (own, broker) = (try #require(round.heldOutLoss), try #require(round.loss))
      #expect(abs(own - broker) < 1e-4 * broker)
      let classes = try #require(round.heldOutClasses)
      #expect(classes.reduce(0) { $0 + ($1["samples"] ?? 0) } == 100)
      #expect(round.fairness?.clients == 4)
    }
  }

  /// The model goes down once: to evaluators after a round, or to trainers in the next.
  @Test func `training is as it is without, and evaluators download nothing for the next round`()
    throws
  {
    let folder = try Folder()
    let text = Self.topology("every: 1", down: "linear8", rounds: "[2, 1, 2]")
    let without = try Self.play(text, in: folder, as: "without")
    let with = try Self.play(
      text.replacing("every: 1", with: "clients: all"), in: folder, as: "with")
    #expect(with.final.modelDigest == without.final.modelDigest)
    #expect(with.rounds.map(\.accuracy) == without.rounds.map(\.accuracy))
    #expect(without.kinds["evaluation"] == nil)
    let traffic = try #require(with.kinds["evaluation"])
    #expect(traffic.down.payload > 0 && traffic.up.wire > 0)
    let keyframes = [with, without].map { $0.kinds["keyframe"]?.down.payload ?? 0 }
    #expect(keyframes[0] < keyframes[1])
    // Beside the models of evaluations nothing goes down in a round in which no block is new.
    let database = try TinyRun.Payloads(at: folder.path("with"))
    #expect(database.training[2] == 0 && database.training[5] == 0)
    #expect(database.training[1] ?? 0 > 0)
  }

  @Test func `real sockets and simulated time find the same scores`() throws {
    let folder = try Folder()
    let text = Self.topology("clients: 50 %", down: "linear8")
    let virtual = try Self.play(text, in: folder, as: "virtual")
    let real = try Self.play(
      text, in: folder, as: "real", ["--clock", "real", "--transport", "ipc"])
    #expect(virtual.final.modelDigest == real.final.modelDigest)
    for (one, other) in zip(virtual.rounds, real.rounds) {
      #expect(one.heldOutAccuracy == other.heldOutAccuracy && one.evaluators == 2)
      #expect(one.heldOutLoss == other.heldOutLoss && one.fairness == other.fairness)
      #expect(one.heldOutSamples == other.heldOutSamples)
    }
  }

  @Test func `too few evaluators make no figure, and that is said`() throws {
    let folder = try Folder()
    let summary = try Self.play(
      Self.topology("clients: 2, minimum: {clients: 3}"), in: folder, as: "few",
      saying: "round 1: the model has no figure: 2 of 2 clients that were asked tested it, and "
        + "evaluation.minimum.clients asks for 3")
    #expect(summary.rounds.allSatisfy { $0.heldOutAccuracy == nil && $0.accuracy != nil })
    #expect(summary.counters["evaluation: too few clients for a figure"] == 4)
  }

  @Test func `a broker killed while clients evaluate asks again, and ends in the same model`()
    throws
  {
    let folder = try Folder()
    let text = Self.topology("clients: all", down: "linear8")
    let topology = try folder.write(text, to: "tiny.yaml")
    let expected = try Self.play(text, in: folder, as: "undisturbed")
    for point in ["evaluation-opened:1", "evaluation-opened:3", "evaluation-closed:2"] {
      let run = folder.path(point)
      let endpoint = "ipc://\(folder.path(String(point.suffix(8))))"
      let broker = try Command(
        ["broker", topology, "--bind", endpoint, "--out", run],
        environment: ["PROGFED_KILL_AT": point])
      let worker = try Command([
        "worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1",
      ])
      #expect(broker.status(within: 60) == SIGKILL, "\(point)")
      let again = try Command(["broker", "--resume", run, "--bind", endpoint])
      #expect(again.status(within: 60) == 0, "\(point): \(again.standardError)")
      #expect(worker.status(within: 60) == 0, "\(point): \(worker.standardError)")
      let report = try Command(["report", run, "--format", "json"])
      #expect(report.status() == 0, "\(report.standardError)")
      let summary = try JSONDecoder().decode(
        Summary.self, from: Data(report.standardOutput.utf8))
      #expect(summary.final.modelDigest == expected.final.modelDigest, "\(point)")
      #expect(
        summary.rounds.map(\.heldOutLoss) == expected.rounds.map(\.heldOutLoss), "\(point)")
    }
  }
}
