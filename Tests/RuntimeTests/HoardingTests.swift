import Federation
import Foundation
import Ledger
import Runtime
import Synchronization
import TestSupport
import Testing
import Topology
import ZeroMQ

/// An admitted client that keeps its leave to send to itself, against a broker with room for one
/// update of the last stage and a worker, which are processes of their own.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(3))) struct HoardingTests {
  private static let topology = """
    name: hoarded
    seed: 3
    clients: 3
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 60, test: 20}
    stages:
      rounds: [1, 1, 3]
      warmUp: 0
    participation: {minimum: 3, quorum: 2, grace: 0 s, deadline: 1 h}
    training: {batch: 20}
    limits:
      {bytesInFlight: 5 MiB, announce: 100 ms, gather: 100 ms, join: 100 ms, offer: 200 ms,
       heartbeat: 500 ms, silence: 2 s, farewell: 500 ms}
    """

  @Test func `a client that has leave to send and only speaks doesn't keep others from it`()
    throws
  {
    let folder = try Folder()
    let file = try folder.write(Self.topology, to: "hoarded.yaml")
    let topology = try Topology(contentsOf: file)
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command(["broker", file, "--bind", endpoint, "--out", folder.path("run")])
    let context = try Context()
    let failure = Mutex<String?>(nil)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      defer { ended.signal() }
      do {
        // It doesn't train, and so is the first to offer.
        let hoarder = try HandMadeWorker(
          topology, try Endpoints(base: endpoint), clients: 2..<3, in: context)
        hoarder.hoards = { _, _ in true }
        if try !hoarder.play() { failure.withLock { $0 = "it isn't over" } }
      } catch { failure.withLock { $0 = "\(error)" } }
    }
    let honest = try Command(["worker", file, "--connect", endpoint, "--clients", "0-1"])
    #expect(broker.status(within: 90) == 0, "\(broker.standardError)")
    #expect(honest.status(within: 60) == 0, "\(honest.standardError)")
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    #expect(failure.withLock(\.self) == nil)
    let store = try RunStore.read(
      at: RunPaths(URL(fileURLWithPath: folder.path("run"))).ledger)
    defer { store.close() }
    let summary = try store.summary()
    #expect(summary.rounds.map(\.accepted) == [2, 2, 2, 2, 2])
    #expect(summary.counters["grant without bytes"] ?? 0 > 0, "\(summary.counters)")
  }
}
