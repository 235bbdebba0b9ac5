import Foundation
import TestSupport
import Testing

/// Runs of topologies that were made of a plan's text.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct PlannedRunTests {
  /// The broker's affairs, which a plan doesn't tell.
  private static let brokers = [
    "--seed", "7", "--set", "participation={perRound: 3, minimum: 4}", "--set",
    "data.limit.test=100",
  ]

  /// Writes the plan of a topology to a file.
  private static func plan(
    _ topology: String, in folder: Folder, _ options: [String] = []
  ) throws -> String {
    let command = try Command(["plan", topology, "--text"] + options)
    #expect(command.status(within: 60) == 0, "\(command.standardError)")
    return try folder.write(command.standardOutput, to: "tiny.plan")
  }

  @Test func `training from the plan's text gives the same bits`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let plan = try Self.plan(topology, in: folder, ["--rounds", "5"])
    let first = try SmallRun.play(topology, to: folder.path("first"), ["--rounds", "5"])
    let second = try SmallRun.play(plan, to: folder.path("second"), Self.brokers)
    #expect(second.final.modelDigest == first.final.modelDigest && first.final.modelDigest != nil)
    #expect(second.final.accuracy == first.final.accuracy)
    #expect(second.rounds.count == 5)
  }

  @Test func `the cost model counts the same bytes from the plan's text`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let plan = try Self.plan(topology, in: folder)
    let first = try SmallRun.play(topology, to: folder.path("first"), ["--cost-model"])
    let second = try SmallRun.play(
      plan, to: folder.path("second"), ["--cost-model"] + Self.brokers)
    #expect(first.rounds.map(\.down.payload) == second.rounds.map(\.down.payload))
    #expect(first.rounds.map(\.up.payload) == second.rounds.map(\.up.payload))
    #expect(first.rounds.map(\.stage) == second.rounds.map(\.stage))
  }

  @Test func `a worker that has nothing but the plan's text trains with a broker of the topology`()
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let simulated = try SmallRun.play(
      topology, to: folder.path("simulated"), ["--rounds", "5", "--clock", "real"])
    let plan = try Self.plan(topology, in: folder, ["--rounds", "5"])
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--rounds", "5", "--bind", endpoint, "--out", folder.path("broker"),
      "--json",
    ])
    let worker = try Command(["worker", plan, "--connect", endpoint, "--clients", "0-3"])
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.final.modelDigest == simulated.final.modelDigest)
  }

  @Test func `a plan of another program is refused with its line`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let plan = try Self.plan(topology, in: folder)
    let text = try String(contentsOfFile: plan, encoding: .utf8)
    for (old, new, words) in [
      ("progfed plan 2", "progfed plan 3", "a newer program (format 3); this one knows 2"),
      ("training.batch", "training.bath", "training.bath isn't a key of plans"),
    ] {
      let other = try folder.write(text.replacing(old, with: new), to: "other.plan")
      let command = try Command(["check", other])
      #expect(command.status(within: 60) == 65)
      #expect(command.standardError.contains(words), "\(command.standardError)")
    }
  }
}
