import Foundation
import TestSupport
import Testing

/// Brokers and workers that are killed at named points and started again, all runs at the same
/// time.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct KillTests {
  /// A broker, a worker with all clients, and where they meet.
  private final class Scenario {
    let point: String
    let run: String
    let endpoint: String
    let topology: String
    var broker: Command
    var worker: Command

    init(_ point: String, kills victim: String, topology: String, in folder: Folder) throws {
      self.point = point
      self.topology = topology
      run = folder.path(point)
      // Every run has its own sockets, with short names: a socket's path has 107 bytes.
      endpoint = "ipc://\(folder.path(String(point.prefix { $0 != ":" })))"
      let environment = ["PROGFED_KILL_AT": point]
      broker = try Command(
        ["broker", topology, "--bind", endpoint, "--out", run],
        environment: victim == "broker" ? environment : [:])
      worker = try Command(
        ["worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1"],
        environment: victim == "worker" ? environment : [:])
    }

    func resumeBroker() throws {
      broker = try Command(["broker", "--resume", run, "--bind", endpoint])
    }

    func restartWorker() throws {
      worker = try Command([
        "worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1",
      ])
    }
  }

  /// Which passing of each point ends a run that trains 3 clients in each of 4 rounds.
  private static let brokerPoints = [
    "epoch-begun:1", "round-opened:2", "model-sent:4", "update-arrived:4", "update-appended:3",
    "update-stored:2", "update-acknowledged:8", "round-closed:2", "round-aggregated:3",
    "ledger-committed:3", "best-saved:1", "checkpoint-written:3", "checkpoint-renamed:3",
    "spool-cleared:3",
    "model-saved:1", "run-finished:1",
  ]

  private static let workerPoints = [
    "chunk-received:3", "training-begun:4", "update-trained:5", "chunk-sent:4",
  ]

  @Test func `a broker killed at any point and resumed ends in the same model`() throws {
    try killBrokers(of: TinyRun.topology(), at: Self.brokerPoints)
  }

  /// What a checkpoint holds beside the model: what the clients share, and what the server's rule
  /// remembers.
  @Test func `a broker that sends deltas and has an optimizer of its own comes back with both`()
    throws
  {
    let topology = TinyRun.topology(rounds: "[2, 2, 2]").replacing(
      "  down: linear8", with: "  down: linear8\n  downDelta: stc5")
    try killBrokers(
      of: topology + "\nserver:\n  optimizer: fedadam\n  learningRate: 0.01",
      at: [
        "round-opened:4", "update-stored:5", "round-aggregated:2", "checkpoint-written:4",
        "checkpoint-renamed:4", "spool-cleared:5",
      ], updates: 18)
  }

  /// The control variates that a checkpoint holds, and those of the clients, who stay.
  @Test(arguments: ["", "\n  downDelta: linear8\n  keyframeEvery: 2"])
  func `a broker whose clients correct their gradients comes back with its control variates`(
    deltas: String
  ) throws {
    let topology = TinyRun.topology(rounds: "[2, 2, 2]").replacing(
      "  down: linear8", with: "  down: linear8\(deltas)")
    try killBrokers(
      of: topology + "\ntraining:\n  correction: scaffold",
      at: [
        "round-opened:4", "update-stored:5", "round-aggregated:2", "checkpoint-written:4",
        "spool-cleared:5",
      ], updates: 18)
  }

  /// So low a limit that many honest updates are refused, by how far those of earlier rounds went.
  @Test func `a broker comes back with what tells it which updates are too far`() throws {
    try killBrokers(
      of: TinyRun.topology(rounds: "[4, 2, 2]").replacing(
        "  chunk: 64 kB", with: "  chunk: 64 kB\n  normMultiple: 1"),
      at: [
        "round-opened:5", "update-stored:9", "round-aggregated:4", "ledger-committed:5",
        "checkpoint-written:4", "spool-cleared:6",
      ], updates: nil)
  }

  /// Kills brokers at `points`; of runs in which so many updates count, nil for some, but not all
  /// of 24.
  private func killBrokers(of text: String, at points: [String], updates given: Int? = 12) throws {
    let folder = try Folder()
    let topology = try folder.write(text, to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let counted = try TinyRun.Ledger(at: folder.path("undisturbed")).accepted.count
    let updates = given ?? counted
    if given == nil {
      #expect((12..<24).contains(counted))
      let virtual = try SmallRun.play(topology, to: folder.path("virtual"))
      #expect(virtual.final.modelDigest == expected)
    }
    let undisturbed = URL(filePath: folder.path("undisturbed"))
    let best = try Data(contentsOf: undisturbed.appending(path: "model-best.safetensors"))
    for points in points.chunked(8) {
      let scenarios = try points.map {
        try Scenario($0, kills: "broker", topology: topology, in: folder)
      }
      for scenario in scenarios {
        #expect(scenario.broker.status(within: 60) == SIGKILL, "\(scenario.point)")
        try scenario.resumeBroker()
      }
      for scenario in scenarios {
        let said = "\(scenario.point): \(scenario.broker.standardError)"
        #expect(scenario.broker.status(within: 60) == 0, "\(said)")
        #expect(scenario.worker.status(within: 60) == 0, "\(scenario.point)")
        let ledger = try TinyRun.Ledger(at: scenario.run)
        #expect(ledger.digest == expected && ledger.state == "done", "\(said)")
        let kept = URL(filePath: scenario.run).appending(path: "model-best.safetensors")
        #expect(try Data(contentsOf: kept) == best, "\(scenario.point)")
        #expect(ledger.epochs.count == (scenario.point == "run-finished:1" ? 1 : 2))
        #expect(ledger.accepted.count == updates && Set(ledger.accepted).count == updates)
        let acknowledged = TinyRun.acknowledged(scenario.worker)
        #expect(acknowledged.subtracting(ledger.accepted).isEmpty, "\(scenario.point)")
      }
    }
  }

  @Test func `a worker killed at any point and started again changes nothing`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let scenarios = try Self.workerPoints.map {
      try Scenario($0, kills: "worker", topology: topology, in: folder)
    }
    for scenario in scenarios {
      #expect(scenario.worker.status(within: 60) == SIGKILL, "\(scenario.point)")
      try scenario.restartWorker()
    }
    for scenario in scenarios {
      #expect(
        scenario.broker.status(within: 60) == 0,
        "\(scenario.point): \(scenario.broker.standardError)")
      #expect(scenario.worker.status(within: 60) == 0, "\(scenario.point)")
      let ledger = try TinyRun.Ledger(at: scenario.run)
      #expect(ledger.digest == expected, "\(scenario.point)")
      #expect(ledger.accepted.count == 12 && Set(ledger.accepted).count == 12)
      let acknowledged = TinyRun.acknowledged(scenario.worker)
      #expect(acknowledged.subtracting(ledger.accepted).isEmpty, "\(scenario.point)")
    }
  }

  @Test func `one simulation killed again and again ends in the same model`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let run = folder.path("run")
    var arguments = ["simulate", topology, "--clock", "real", "--out", run, "--quiet"]
    for point in ["update-stored:2", "epoch-begun:1", "ledger-committed:2", "training-begun:2"] {
      let victim = try Command(arguments, environment: ["PROGFED_KILL_AT": point])
      #expect(victim.status(within: 60) == SIGKILL, "\(point): \(victim.standardError)")
      arguments = ["simulate", "--resume", run, "--quiet"]
    }
    let last = try Command(arguments + ["--json"])
    #expect(last.status(within: 60) == 0, "\(last.standardError)")
    #expect(try SmallRun.summary(last.standardOutput).final.modelDigest == expected)
    #expect(try TinyRun.Ledger(at: run).epochs.count == 5)
  }
}

extension Array {
  /// Parts of at most `size` elements, in order.
  fileprivate func chunked(_ size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
