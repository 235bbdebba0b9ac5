import Federation
import Foundation
import Ledger
import Measures
import Runtime
import Synchronization
import TestSupport
import Testing
import Topology
import ZeroMQ

/// An admitted client that sends bytes that nobody asked for, against a broker that is a process of
/// its own.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(3))) struct UnaskedChunkTests {
  private static let topology = """
    name: unasked
    seed: 3
    clients: 3
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 60, test: 20}
    stages:
      rounds: [3, 1, 1]
      warmUp: 0
    participation: {minimum: 3, deadline: 1 h}
    training: {batch: 20}
    codecs: {up: dense32}
    limits: {announce: 50 ms, gather: 50 ms, join: 50 ms, offer: 500 ms, farewell: 500 ms}
    """

  @Test func `unasked chunks are no update: counted as such, limited, and in nobody's bytes`()
    throws
  {
    let folder = try Folder()
    let file = try folder.write(Self.topology, to: "unasked.yaml")
    let topology = try Topology(contentsOf: file)
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command(["broker", file, "--bind", endpoint, "--out", folder.path("run")])
    let context = try Context()
    let failure = Mutex<String?>(nil)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      defer { ended.signal() }
      do {
        let worker = try HandMadeWorker(
          topology, try Endpoints(base: endpoint), clients: 0..<3, in: context)
        // 16 MB beside an update.
        worker.unasked = { client, round in client == 2 && round == 2 ? 1000 : 0 }
        if try !worker.play() { failure.withLock { $0 = "it isn't over" } }
      } catch { failure.withLock { $0 = "\(error)" } }
    }
    #expect(broker.status(within: 90) == 0, "\(broker.standardError)")
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    #expect(failure.withLock(\.self) == nil)
    let store = try RunStore.read(
      at: RunPaths(URL(fileURLWithPath: folder.path("run"))).ledger)
    defer { store.close() }
    let summary = try store.summary()
    #expect(summary.rounds.map(\.accepted) == [3, 3, 3, 3, 3])
    #expect(summary.counters["unasked chunk"] ?? 0 > 0, "\(summary.counters)")
    #expect(summary.counters["message beyond the rate"] ?? 0 > 0, "\(summary.counters)")
    for round in 1...5 {
      let updates = try store.bookings(of: round).filter {
        $0.kind == .update && $0.view == .client
      }
      #expect(updates.map(\.client) == [0, 1, 2])
      #expect(Set(updates.map(\.traffic)).count == 1, "round \(round): \(updates)")
    }
    // Nothing of it is in the clients' view, all of it in the sockets'.
    let more = summary.sockets.up.wire - summary.totals.traffic.up.wire
    #expect(more.bytes > 10 << 20, "\(more)")
  }
}
