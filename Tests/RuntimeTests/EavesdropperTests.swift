import Foundation
import Ledger
import TestSupport
import Testing
import Wire
import ZMTP
import ZeroMQ

/// A worker that listens to another's mailbox, against a broker and workers that are processes of
/// their own.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(3))) struct EavesdropperTests {
  private static let topology = """
    name: overheard
    seed: 3
    clients: 3
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 60, test: 20}
    stages:
      rounds: [6, 1, 1]
      warmUp: 0
    participation: {minimum: 2, deadline: 3 s, joinTimeout: 30 s}
    training: {batch: 20}
    limits: {announce: 100 ms, gather: 100 ms, join: 100 ms, offer: 200 ms, farewell: 300 ms}
    """

  @Test func `a killed worker's client isn't asked any more, whoever listens to its mailbox`()
    throws
  {
    let folder = try Folder()
    let file = try folder.write(Self.topology, to: "overheard.yaml")
    let port = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    let broker = try Command(["broker", file, "--bind", endpoint, "--out", folder.path("run")])
    let context = try Context()
    let ear = try Socket(.subscribe, in: context)
    try ear.subscribe(to: Topic.client(2).text)
    try ear.connect(to: endpoint)
    let honest = try Command(["worker", file, "--connect", endpoint, "--clients", "0-1"])
    let victim = try Command(["worker", file, "--connect", endpoint, "--clients", "2"])
    #expect(broker.says("round 1/"), "\(broker.standardError)")
    victim.send(SIGKILL)
    #expect(broker.status(within: 60) == 0, "\(broker.standardError)")
    #expect(honest.status(within: 60) == 0, "\(honest.standardError)")
    let store = try RunStore.read(
      at: RunPaths(URL(fileURLWithPath: folder.path("run"))).ledger)
    defer { store.close() }
    let rounds = try store.summary().rounds
    #expect(rounds.first?.selected == 3)
    // The round that it left waits for it to its deadline, and so may one more that had begun.
    #expect(rounds.suffix(4).map(\.selected) == [2, 2, 2, 2], "\(rounds.map(\.selected))")
    #expect(rounds.suffix(4).allSatisfy { $0.accepted == 2 })
    _ = consume ear
    _ = context.terminate(within: .seconds(5))
  }
}
