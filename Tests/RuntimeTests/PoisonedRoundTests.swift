import Federation
import Foundation
import Ledger
import Runtime
import Synchronization
import TestSupport
import Testing
import Topology
import ZeroMQ

/// An admitted client whose finite update would end a run, against a broker and a worker that are
/// processes of their own.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(3))) struct PoisonedRoundTests {
  /// Four honest clients and a fifth, with nothing that limits updates.
  private static let topology = """
    name: poisoned
    seed: 3
    clients: 5
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 500, test: 100}
    stages:
      rounds: [4, 2, 2]
      warmUp: 0
    participation: {minimum: 5, deadline: 1 h}
    training: {batch: 20}
    codecs: {up: dense32, down: linear8}
    limits:
      {normMultiple: none, announce: 50 ms, gather: 50 ms, join: 50 ms, offer: 100 ms, fetch: 500 ms,
       farewell: 500 ms}
    """

  @Test(arguments: [("ledger-committed:2", 3.4e38 as Float), ("round-opened:3", 1e30)])
  func `one huge update costs a round, not the run, also when the broker is killed over it`(
    point: String, value: Float
  ) throws {
    let folder = try Folder()
    let file = try folder.write(Self.topology, to: "poisoned.yaml")
    let topology = try Topology(contentsOf: file)
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let run = folder.path("run")
    let victim = try Command(
      ["broker", file, "--bind", endpoint, "--out", run],
      environment: ["PROGFED_KILL_AT": point])
    let honest = try Command(["worker", file, "--connect", endpoint, "--clients", "0-3"])
    let context = try Context()
    let ends = Mutex<[ClientEnd]>([])
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      defer { ended.signal() }
      guard let endpoints = try? Endpoints(base: endpoint),
        let hostile = try? HandMadeWorker(topology, endpoints, clients: 4..<5, in: context)
      else { return }
      hostile.value = { _, round in round == 2 ? value : 0 }
      _ = try? hostile.play()
      let heard = hostile.ends
      ends.withLock { $0 = heard }
    }
    #expect(victim.status(within: 60) == SIGKILL, "\(victim.standardError)")
    let broker = try Command(["broker", "--resume", run, "--bind", endpoint, "--json"])
    #expect(broker.status(within: 60) == 0, "\(broker.standardError)")
    #expect(honest.status(within: 60) == 0, "\(honest.standardError)")
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    #expect(ends.withLock(\.self) == [.complete])

    let said = victim.standardError + broker.standardError
    #expect(said.contains("round 2 is discarded") && said.contains("is client 4's"), "\(said)")
    let store = try RunStore.read(at: RunPaths(URL(fileURLWithPath: run)).ledger)
    defer { store.close() }
    let summary = try store.summary()
    #expect(summary.rounds.map { $0.discarded != nil } == (1...8).map { $0 == 2 })
    #expect(summary.rounds.map(\.accepted) == [5, 0, 5, 5, 5, 5, 5, 5])
    #expect(summary.state == .done)
    // What the honest ones learn isn't lost: more than guessing gives among ten classes.
    #expect(try #require(summary.final.accuracy) > 0.3, "\(summary.rounds.map(\.accuracy))")
    #expect(summary.rounds.last?.loss?.isFinite == true)
    let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
    #expect(log.contains("\"round discarded\""))
  }
}
