import Federation
import Foundation
import Ledger
import LocalTraining
import Runtime
import Server
import Synchronization
import TestSupport
import Testing
import Topology
import Wire
import ZeroMQ

/// A client that doesn't train, but claims to have made so many steps, against the broker itself.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct StepClaimTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// One client of 40 samples, which are good for two steps.
  private static func topology(_ more: String) -> String {
    """
    name: claims
    clients: 1
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 40, test: 20}
    stages:
      rounds: [4, 1, 1]
      warmUp: 0
    training:
      batch: 20
    \(more)
    limits: {announce: 50 ms, gather: 50 ms, join: 50 ms, farewell: 200 ms}
    """
  }

  @Test(arguments: ["server: {averaging: fednova}", "  correction: scaffold"])
  func `no steps, or more than the samples are good for, are refused, and the run goes on`(
    more: String
  ) throws {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(Self.topology(more), to: "claims.yaml"))
    let directory = try RunDirectory.create(at: URL(fileURLWithPath: folder.path("run")))
    let broker = try Broker(
      try Workload(topology),
      settings: BrokerSettings(
        endpoints: try Endpoints(base: "inproc://claims"), threads: 1, transport: "inproc", run: 5),
      directory: directory, observer: Silence())
    let context = try Context()
    let failure = Mutex<String?>(nil)
    let ended = DispatchSemaphore(value: 0)
    let state = try broker.run(in: context) { endpoints in
      Thread.detachNewThread {
        do {
          let worker = try HandMadeWorker(topology, endpoints, clients: 0..<1, in: context)
          worker.value = { _, _ in 0 }
          worker.claim = { _, round, offer in
            offer.samples = 40
            offer.steps = [0, 3, 2, Int(UInt32.max), 1, 2][round - 1]
          }
          if try !worker.play() { failure.withLock { $0 = "it isn't over" } }
        } catch { failure.withLock { $0 = "\(error)" } }
        ended.signal()
      }
    }
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    #expect(failure.withLock { $0 } == nil)
    #expect(state == .done)
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let rounds = try store.summary().rounds
    #expect(rounds.map(\.accepted) == [0, 0, 1, 0, 1, 1])
    #expect(rounds.map(\.refused) == [1, 1, 0, 1, 0, 0])
  }
}
