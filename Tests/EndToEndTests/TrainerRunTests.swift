import Foundation
import TestSupport
import Testing

/// Whole runs whose clients are trained by a program in another language.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(10))) struct TrainerRunTests {
  /// The parts of the stable JSON object that are looked at.
  private struct Summary: Decodable {
    struct Round: Decodable {
      var stage: Int
      var accepted: Int
      var accuracy: Double?
      var loss: Double?
    }
    struct Final: Decodable { var modelDigest: String? }
    var rounds: [Round]
    var final: Final
  }

  /// Waits that are short enough for a test.
  private static let limits = """
    limits: {announce: 100 ms, gather: 300 ms, join: 100 ms, fetch: 500 ms, offer: 500 ms, farewell: 500 ms}
    """

  private static func topology(
    rounds: String = "[2, 3]", arguments: [String] = [], extra: String = "", perRound: Int = 4
  ) -> String {
    TestTrainer.topology(rounds: rounds, arguments: arguments, extra: extra + "\n" + limits)
      .replacing("perRound: 4", with: "perRound: \(perRound), minimum: 4")
  }

  private static func simulate(
    _ topology: String, _ options: [String] = [], in folder: Folder, as name: String
  ) throws -> (summary: Summary, said: String) {
    let run = try Command(
      ["simulate", topology, "--out", folder.path(name), "--json", "--quiet"] + options)
    #expect(run.status(within: 120) == 0, "\(run.standardError)")
    let summary = try JSONDecoder().decode(Summary.self, from: Data(run.standardOutput.utf8))
    return (summary, run.standardError)
  }

  /// A broker with the topology's text alone beside its manifest, and workers with programs.
  private static func play(
    _ topology: String, in folder: Folder, as name: String, worker: [String],
    disturbing: (Command, [Command]) throws -> Void = { _, _ in }
  ) throws -> (summary: Summary, workers: [Command]) {
    let endpoint = "ipc://\(folder.path("\(name).s"))"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path(name), "--json", "--quiet",
    ])
    let workers = try ["0-1", "2-3"].map { clients in
      try Command(worker + ["--connect", endpoint, "--clients", clients, "--threads", "1"])
    }
    try disturbing(broker, workers)
    #expect(broker.status(within: 120) == 0, "\(broker.standardError)")
    for worker in workers {
      #expect(worker.status(within: 60) == 0, "\(worker.standardError)")
    }
    let summary = try JSONDecoder().decode(Summary.self, from: Data(broker.standardOutput.utf8))
    return (summary, workers)
  }

  @Test func `one run comes to the same model in virtual time, over sockets, and on any threads`()
    throws
  {
    let folder = try Folder()
    let topology = try TestTrainer.write(into: folder.url, topology: Self.topology())
    let (virtual, _) = try Self.simulate(topology, ["--threads", "1"], in: folder, as: "virtual")
    #expect(virtual.rounds.map(\.stage) == [1, 1, 2, 2, 2])
    #expect(virtual.rounds.allSatisfy { $0.accepted == 4 && $0.loss != nil && $0.accuracy != nil })
    let digest = try #require(virtual.final.modelDigest)
    let (parallel, _) = try Self.simulate(topology, ["--threads", "3"], in: folder, as: "parallel")
    #expect(parallel.final.modelDigest == digest)
    let (real, _) = try Self.simulate(topology, ["--clock", "real"], in: folder, as: "real")
    #expect(real.final.modelDigest == digest)
    // These workers have no file but the program's.
    let (remote, _) = try Self.play(
      topology, in: folder, as: "remote",
      worker: [
        "worker", "--set", "training.program=[python3, \(folder.path("trainer.py"))]",
      ])
    #expect(remote.final.modelDigest == digest)
    #expect(remote.rounds.map(\.loss) == virtual.rounds.map(\.loss))
  }

  @Test func `deltas, caps, error feedback and a server's optimizer work as with other models`()
    throws
  {
    let folder = try Folder()
    let topology = try TestTrainer.write(
      into: folder.url,
      topology: Self.topology(
        extra: """
          codecs: {up: stc10, down: linear8, downDelta: linear8, smallTensors: 4, errorFeedback: true}
          server: {optimizer: fedadam, learningRate: 0.01}
          """
      ).replacing("minimum: 4}", with: "minimum: 4, caps: [{stage: 1, clients: 0}]}"))
    let (virtual, _) = try Self.simulate(topology, in: folder, as: "virtual")
    #expect(virtual.rounds.allSatisfy { $0.accepted == 4 })
    let (real, _) = try Self.simulate(topology, ["--clock", "real"], in: folder, as: "real")
    #expect(real.final.modelDigest == virtual.final.modelDigest)
  }

  @Test func `a program that does wrong costs an update, and no round`() throws {
    let folder = try Folder()
    let topology = try TestTrainer.write(
      into: folder.url,
      topology: Self.topology(arguments: ["nan@2"]).replacing(
        "perRound: 4, minimum: 4", with: "perRound: 4, quorum: 1"))
    let (summary, said) = try Self.simulate(topology, in: folder, as: "wrong")
    #expect(summary.rounds.map(\.accepted) == [4, 0, 4, 4, 4])
    #expect(
      said.contains("client 0, round 2: python3 trainer.py nan@2: it wrote numbers"), "\(said)")
    #expect(said.contains("about to do wrong: nan"), "\(said)")
  }

  @Test func `trainers, workers and brokers that are killed come to the same model`() throws {
    let folder = try Folder()
    let topology = try TestTrainer.write(into: folder.url, topology: Self.topology())
    let undisturbed = try Self.simulate(topology, in: folder, as: "undisturbed").summary
    let digest = try #require(undisturbed.final.modelDigest)
    let mark = folder.path("mark")
    let killed = try TestTrainer.write(
      into: folder.url, topology: Self.topology(arguments: ["killed@3@\(mark)"]))
    let (trainer, workers) = try Self.play(
      killed, in: folder, as: "trainer", worker: ["worker", killed])
    #expect(trainer.final.modelDigest == digest)
    #expect(workers.contains { $0.standardError.contains("it is started again") })

    for moment in 0..<4 {
      let name = "killed\(moment)"
      let endpoint = "ipc://\(folder.path("\(name).s"))"
      let run = folder.path(name)
      let slow = ["TRAINER_DELAY": "0.15"]
      let start: ([String]) throws -> Command = {
        try Command(["broker"] + $0 + ["--bind", endpoint, "--json"])
      }
      let work: (String) throws -> Command = {
        try Command(
          ["worker", topology, "--connect", endpoint, "--clients", $0, "--threads", "1"],
          environment: slow)
      }
      var broker = try start([topology, "--out", run])
      var workers = [try work("0-1"), try work("2-3")]
      Thread.sleep(forTimeInterval: 0.6 + 0.35 * Double(moment))
      if moment % 2 == 0 {
        workers[0].send(SIGKILL)
        _ = workers[0].status(within: 10)
        workers[0] = try work("0-1")
      } else {
        broker.send(SIGKILL)
        _ = broker.status(within: 10)
        broker = try start(["--resume", run])
      }
      #expect(broker.status(within: 120) == 0, "\(broker.standardError)")
      for worker in workers { #expect(worker.status(within: 60) == 0, "\(worker.standardError)") }
      let summary = try JSONDecoder().decode(
        Summary.self, from: Data(broker.standardOutput.utf8))
      #expect(summary.final.modelDigest == digest, "\(moment)")
    }
  }

  @Test func `a run in virtual time that is stopped goes on to the same model`() throws {
    let folder = try Folder()
    let topology = try TestTrainer.write(into: folder.url, topology: Self.topology())
    let undisturbed = try Self.simulate(topology, in: folder, as: "undisturbed").summary
    let digest = try #require(undisturbed.final.modelDigest)
    let run = try Command(
      ["simulate", topology, "--out", folder.path("stopped")],
      environment: ["TRAINER_DELAY": "0.2"])
    #expect(run.says("round 2"), "\(run.standardError)\(run.standardOutput)")
    run.send(SIGINT)
    #expect(run.status(within: 60) == 130, "\(run.standardError)")
    let rest = try Command(["simulate", "--resume", folder.path("stopped"), "--json"])
    #expect(rest.status(within: 120) == 0, "\(rest.standardError)")
    let summary = try JSONDecoder().decode(Summary.self, from: Data(rest.standardOutput.utf8))
    #expect(summary.final.modelDigest == digest)
  }

  @Test func `a program describes its model, and one of the program's own can be described`()
    throws
  {
    let folder = try Folder()
    let topology = try TestTrainer.write(into: folder.url, topology: Self.topology())
    let described = try Command(["describe", topology])
    #expect(described.status(within: 60) == 0, "\(described.standardError)")
    #expect(
      described.standardOutput.contains(
        "  - flops: 600\n    block:\n      - {name: w, shape: [3, 4], fanIn: 4}"))
    let own = try folder.write(TinyRun.topology(), to: "own.yaml")
    let convnet = try Command(["describe", own, "--out", folder.path("convnet.yaml")])
    #expect(convnet.status(within: 60) == 0, "\(convnet.standardError)")
    let check = try Command([
      "check",
      folder.write(
        TestTrainer.topology(rounds: "[2, 3, 3]").replacing(
          "net.yaml", with: "convnet.yaml"), to: "again.yaml"),
    ])
    #expect(check.status(within: 60) == 0, "\(check.standardError)")
    #expect(check.standardOutput.contains("convnet in 3 stages"), "\(check.standardOutput)")
  }
}
