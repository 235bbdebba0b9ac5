import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Runtime
import Server
import Synchronization
import TestSupport
import Testing
import Topology
import ZeroMQ

/// The ledger against the kernel, on connections that CURVE encrypts.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct EncryptedMeterTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  private static let topology = """
    name: small
    seed: 7
    clients: 8
    strategy: progressive
    model:
      name: convnet
    data:
      name: fashion-mnist
      limit:
        train: 800
        test: 100
    stages:
      rounds: [2, 2, 3]
      warmUp: 1
    participation:
      perRound: 6
      minimum: 6
      joinTimeout: 4 s
    codecs:
      up: linear8
      down: linear8
    limits:
      heartbeat: 10 ms
      announce: 200 ms
    """

  /// The workers of a test, each on a thread of its own.
  private final class Crew: Sendable {
    private let failures = Mutex<[String]>([])
    private let ends = DispatchGroup()

    var problems: [String] { failures.withLock { $0 } }

    /// Has a worker play these clients; `joined` is called when all are welcomed.
    func start(
      _ workload: Workload, _ endpoints: Endpoints, clients: [Int], security: Security,
      joined: @escaping @Sendable () -> Void
    ) {
      ends.enter()
      Thread.detachNewThread { [self] in
        defer { ends.leave() }
        do {
          let settings = WorkerSettings(
            endpoints: endpoints, clients: clients, threads: 1,
            limits: workload.topology.limits, worker: UInt64(clients[0] + 1), security: security)
          let worker = try Worker(workload, settings: settings) { report in
            if case .joined(let count, let all) = report, count == all { joined() }
          }
          let context = try Context()
          let end = try worker.run(in: context)
          _ = context.terminate(within: .seconds(5))
          if end != .complete { failures.withLock { $0.append("\(end)") } }
        } catch { failures.withLock { $0.append("\(error)") } }
      }
    }

    func wait() -> Bool { ends.wait(timeout: .now() + 60) == .success }
  }

  @Test func `the ledger is the kernel's count to the byte under CURVE, whoever joins and returns`()
    throws
  {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(Self.topology, to: "small.yaml"), overrides: Overrides())
    let workload = try Workload(topology)
    let keys = try CurveKeyPair.generate()
    let workerKeys = try CurveKeyPair.generate()
    let accessControl = AccessControl(
      AdmittedWorkers([
        AdmittedWorker(name: "crew", key: workerKeys.publicKey, clients: ClientRange(below: 8))
      ]))
    let security = Security.curveClient(serverKey: keys.publicKey, pair: workerKeys)
    let directory = try RunDirectory.create(at: URL(fileURLWithPath: folder.path("run")))
    let port = try freePorts()
    let detour = try freePorts()
    let endpoints = try Endpoints(base: "tcp://127.0.0.1:\(port)")
    let broker = try Broker(
      workload,
      settings: BrokerSettings(
        endpoints: endpoints, threads: 1, transport: "tcp+curve", run: 5,
        security: .curve(keys, accessControl)),
      directory: directory, observer: Silence())
    let relay = try TCPRelay(from: detour, to: port, count: 3)
    let detoured = try Endpoints(base: "tcp://127.0.0.1:\(detour)")
    let crew = Crew()
    let context = try Context()
    let state = try broker.run(in: context) { _ in
      crew.start(
        workload, detoured, clients: [0, 1, 2, 3],
        security: security
      ) {
        relay.cut()  // the connections break, and are made anew
        crew.start(workload, endpoints, clients: [4, 5], security: security) {
          // Joins late, while models and updates are on their way or about to be.
          crew.start(workload, endpoints, clients: [6, 7], security: security) {}
        }
      }
    }
    #expect(crew.wait())
    _ = context.terminate(within: .seconds(5))
    #expect(state == .done && crew.problems.isEmpty, "\(crew.problems)")
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let meter = try #require(try store.summary().meter)
    // The cut may come before the third handshake is complete: that connection is counted as
    // rejected.
    #expect(meter.connections + meter.rejected == 6 + relay.accepted, "\(meter)")
    #expect(relay.accepted > 4 && meter.rejected <= 1 && meter.unmetered == 0, "\(meter)")
    let differences = meter.stages.map { [$0.down.difference, $0.up.difference] }
    #expect(
      meter.down.difference == 0 && meter.up.difference == 0,
      "\(differences) at the ends of the stages; \(meter)")
    #expect(meter.down.kernel > ByteCount(1_000_000) && meter.up.kernel > ByteCount(1_000_000))
    #expect(meter.stages.map(\.stage) == [1, 2, 3])
    #expect(try store.summary().kinds[.heartbeat]?.up.wire ?? .zero > .zero)
  }
}
