import Foundation
import Measures
import TestSupport
import Testing

/// Runs whose clients remember something from round to round, and whose processes are killed.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(6))) struct RememberedRunTests {
  private static let errorFeedback = "\n  errorFeedback: true"
  private static let scaffold = "\ntraining:\n  correction: scaffold"

  /// A topology whose clients keep residuals, control variates, or both.
  private static func topology(_ kind: String, rounds: String = "[3, 3, 4]") -> String {
    TinyRun.topology(rounds: rounds).replacing(
      "  up: linear8", with: kind == "scaffold" ? "  up: linear8" : "  up: stc5\(errorFeedback)")
      + (kind == "residuals" ? "" : scaffold)
  }

  /// A broker and two workers of two clients each, every one of which may be killed and comes back.
  private final class Fleet {
    let run: String
    private let endpoint: String
    private let folder: Folder
    private(set) var broker: Command
    private(set) var workers: [Command]

    init(_ topology: String, in folder: Folder, environments: [[String: String]] = [[:], [:]])
      throws
    {
      let endpoint = "ipc://\(folder.path("socket"))"
      (run, self.endpoint, self.folder) = (folder.path("run"), endpoint, folder)
      broker = try Command(["broker", topology, "--bind", endpoint, "--out", run])
      workers = try environments.enumerated().map {
        try Self.worker($0, endpoint, folder, $1)
      }
      #expect(broker.says("listening"), "\(broker.standardError)")
    }

    private static func worker(
      _ number: Int, _ endpoint: String, _ folder: Folder, _ environment: [String: String] = [:]
    ) throws -> Command {
      try Command(
        [
          "worker", "--connect", endpoint, "--clients", "\(2 * number)-\(2 * number + 1)",
          "--threads", "1", "--state", folder.path("state"),
        ], environment: environment)
    }

    /// Ends a process as if its machine had lost its power, and starts it again.
    func kill(worker number: Int?) throws {
      let victim = number.map { workers[$0] } ?? broker
      victim.send(SIGKILL)
      guard victim.status(within: 30) == SIGKILL else { return }
      try restart(worker: number)
    }

    func restart(worker number: Int?) throws {
      if let number {
        workers[number] = try Self.worker(number, endpoint, folder)
      } else {
        broker = try Command(["broker", "--resume", run, "--bind", endpoint])
      }
    }

    /// Waits for the run's end, and looks at what it came to.
    func conclude(_ expected: String, updates: Int) throws {
      #expect(broker.status(within: 120) == 0, "\(broker.standardError)")
      for worker in workers {
        #expect(worker.status(within: 60) == 0, "\(worker.standardError)")
        #expect(!worker.standardError.contains("begins anew"), "\(worker.standardError)")
      }
      let ledger = try TinyRun.Ledger(at: run)
      #expect(ledger.digest == expected && ledger.state == "done")
      #expect(ledger.accepted.count == updates && Set(ledger.accepted).count == updates)
      // What clients remembered is of no use any more.
      let left = try? FileManager.default.contentsOfDirectory(atPath: folder.path("state"))
      #expect(left == [], "\(left ?? [])")
    }
  }

  @Test(arguments: ["residuals", "scaffold", "both"])
  func `processes killed at random moments end in the same model, whatever clients remember`(
    kind: String
  ) throws {
    let folder = try Folder()
    let topology = try folder.write(Self.topology(kind), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let fleet = try Fleet(topology, in: folder)
    var random = RandomStream(seed: 19).stream(kind)
    var kills = 0
    while kills < 10, fleet.broker.isRunning {
      Thread.sleep(forTimeInterval: 0.1 + 0.9 * random.uniform())
      let victim = Int(random.uniform() * 3)
      try fleet.kill(worker: victim < 2 ? victim : nil)
      kills += 1
    }
    #expect(kills > 4)
    try fleet.conclude(expected, updates: 30)
  }

  /// One client's memory is on the disk, or its update is, while nobody else knows of it.
  @Test(arguments: ["memory-kept:3", "update-trained:4", "chunk-sent:5"])
  func `a worker killed at a named point goes on with what its clients remember`(point: String)
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(Self.topology("both", rounds: "[2, 2, 2]"), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let fleet = try Fleet(
      topology, in: folder, environments: [["PROGFED_KILL_AT": point], [:]])
    #expect(fleet.workers[0].status(within: 60) == SIGKILL, "\(point)")
    try fleet.restart(worker: 0)
    try fleet.conclude(expected, updates: 18)
  }

  @Test func `a simulation on the real clock goes on with what its clients remember`() throws {
    let folder = try Folder()
    let topology = try folder.write(Self.topology("both", rounds: "[2, 2, 2]"), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let run = folder.path("run")
    var arguments = ["simulate", topology, "--clock", "real", "--out", run, "--quiet"]
    for point in ["update-stored:4", "memory-kept:3", "ledger-committed:2"] {
      let victim = try Command(arguments, environment: ["PROGFED_KILL_AT": point])
      #expect(victim.status(within: 60) == SIGKILL, "\(point): \(victim.standardError)")
      arguments = ["simulate", "--resume", run, "--quiet"]
    }
    let last = try Command(arguments)
    #expect(last.status(within: 60) == 0, "\(last.standardError)")
    #expect(try TinyRun.Ledger(at: run).digest == expected)
  }

  @Test func `a worker whose folder is lost says that its clients begin anew`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      Self.topology("residuals", rounds: "[2, 2, 2]"), to: "tiny.yaml")
    let fleet = try Fleet(
      topology, in: folder, environments: [["PROGFED_KILL_AT": "memory-kept:5"], [:]])
    #expect(fleet.workers[0].status(within: 60) == SIGKILL)
    try FileManager.default.removeItem(atPath: folder.path("state"))
    try fleet.restart(worker: 0)
    #expect(fleet.broker.status(within: 60) == 0, "\(fleet.broker.standardError)")
    #expect(fleet.workers[0].status(within: 60) == 0)
    #expect(fleet.workers[0].standardError.contains("it begins anew"))
  }

  /// The limit on a file's size stands for a full disk: models fit, memories don't.
  @Test func `an update waits for room for what its client remembers`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      Self.topology("residuals", rounds: "[1, 1, 1]").replacing(
        "  minimum: 4", with: "  minimum: 4\n  deadline: 2 s"), to: "tiny.yaml")
    let endpoint = "ipc://\(folder.path("socket"))"
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json"])
    let worker = try Command(
      [
        "worker", "--connect", endpoint, "--clients", "0-3", "--threads", "1", "--state",
        folder.path("state"),
      ], longestFile: 1024)
    // No update of any round counts.
    #expect(broker.status(within: 90) == 79, "\(broker.standardError)")
    #expect(worker.status(within: 60) == 0, "\(worker.standardError)")
    #expect(worker.standardError.contains("'s update waits: what clients remember can't be kept"))
    #expect(try SmallRun.summary(broker.standardOutput).rounds.allSatisfy { $0.accepted == 0 })
  }
}
