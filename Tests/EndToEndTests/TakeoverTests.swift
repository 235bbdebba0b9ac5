import Foundation
import TestSupport
import Testing

/// Two workers that both want to play the same clients, without keys.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct TakeoverTests {
  private let folder: Folder
  private let endpoint: String

  init() throws {
    folder = try Folder()
    endpoint = "tcp://127.0.0.1:\(try freePorts())"
  }

  /// A run in which most clients say nothing for longer than the silence limit.
  private func topology(rounds: String, participation: String) throws -> String {
    let text = TinyRun.topology(rounds: rounds, participation: participation)
      .replacing("perRound: 3", with: "perRound: 1")
      .replacing("  farewell: 500 ms", with: "  farewell: 2 s\n  heartbeat: 300 ms\n  silence: 1 s")
    return try folder.write(text, to: "tiny.yaml")
  }

  private func broker(_ topology: String) throws -> Command {
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"),
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    return broker
  }

  private func worker(_ topology: String, _ clients: String) throws -> Command {
    try Command([
      "worker", topology, "--connect", endpoint, "--clients", clients, "--threads", "1",
    ])
  }

  @Test
  func `a second worker is told at once who plays its clients, gets none, and ends with the run`()
    throws
  {
    let topology = try topology(rounds: "[4, 4, 12]", participation: "  minimum: 4")
    let broker = try broker(topology)
    let first = try worker(topology, "0-3")
    #expect(first.says("all 4 clients joined, as worker "), "\(first.standardError)")
    let name = try #require(
      first.standardError.firstMatch(of: #/joined, as worker (\S+)/#)?.output.1)
    let second = try worker(topology, "0-3")
    #expect(
      second.says(
        "clients 0-3 can't join for now (wrong client): worker \(name) at 127.0.0.1 plays this client",
        within: 5), "\(second.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(first.status(within: 10) == 0, "\(first.standardError)")
    #expect(second.status(within: 10) == 0, "\(second.standardError)")
    #expect(second.standardError.contains("none of this worker's clients took part"))
    #expect(!second.standardError.contains("trains"), "\(second.standardError)")
    let ledger = try TinyRun.Ledger(at: folder.path("run"))
    #expect(TinyRun.acknowledged(first) == Set(ledger.accepted))
    #expect(ledger.accepted.count == 20)
  }

  @Test func `clients that were taken over are members again when the other worker is gone`() throws
  {
    let topology = try topology(
      rounds: "[2, 2, 6]", participation: "  minimum: 4\n  deadline: 3 s")
    let broker = try broker(topology)
    let first = try worker(topology, "0-3")
    #expect(first.says("all 4 clients joined"), "\(first.standardError)")
    // It neither hears nor answers for a while, as on a network that was cut without a word.
    first.send(SIGSTOP)
    let second = try worker(topology, "2-3")
    #expect(second.says("all 2 clients joined", within: 30), "\(second.standardError)")
    first.send(SIGCONT)
    #expect(
      first.says("clients 2-3 can't join for now (wrong client): worker", within: 20),
      "\(first.standardError)")
    second.send(SIGTERM)
    #expect(second.status(within: 20) == 130, "\(second.standardError)")
    // No round begins without all four.
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(first.status(within: 10) == 0, "\(first.standardError)")
  }

  @Test func `a worker that waits for clients gets them when the one that plays them is killed`()
    throws
  {
    let topology = try topology(
      rounds: "[2, 2, 6]", participation: "  minimum: 4\n  deadline: 3 s")
    let broker = try broker(topology)
    let first = try worker(topology, "0-3")
    #expect(first.says("all 4 clients joined"), "\(first.standardError)")
    let second = try worker(topology, "0-3")
    #expect(second.says("can't join for now"), "\(second.standardError)")
    first.send(SIGKILL)
    #expect(second.says("all 4 clients joined", within: 30), "\(second.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(second.status(within: 10) == 0, "\(second.standardError)")
  }
}
