package import Foundation
import Ledger
import Measures
import Synchronization
import Topology
import ZeroMQ

/// Many workers on one broker: each joins over three connections of its own, and all take part in one round.
///
/// The broker is the real one; the workers speak the whole protocol, but send updates of zeros instead of
/// training. Both live in this process, so the memory is that of both ends.
package struct ConnectionBenchmark: Sendable {
  /// What was measured.
  package struct Result: Codable, Hashable, Sendable {
    /// How many workers there were.
    package var workers: Int
    /// Whether connections were encrypted.
    package var isEncrypted: Bool
    /// From the first connection until all had joined and the round was opened.
    package var joinSeconds: Double
    /// From the round's beginning until all updates were stored, aggregated and booked.
    package var roundSeconds: Double
    /// How many updates counted.
    package var accepted: Int
    /// What the process grew by, divided by the workers: both ends of three connections, and all that is kept.
    package var memoryPerWorkerKilobytes: Double
    /// How many descriptors the process had open in the end.
    package var openDescriptors: Int
  }

  /// How many workers join.
  package var workers: Int
  /// Whether the connections are encrypted, each worker having a key of its own.
  package var isEncrypted: Bool

  /// A benchmark of so many workers.
  package init(workers: Int, isEncrypted: Bool = false) {
    precondition(workers > 0, "\(workers) workers")
    self.workers = workers
    self.isEncrypted = isEncrypted
  }

  /// How many workers fit into the process's limit of descriptors: each takes nine.
  package static var limit: Int { max(0, Context.descriptorLimit - 256) / 9 }

  /// Runs the benchmark, with a run directory at `url`.
  ///
  /// - Throws: what broker or workers could not cope with.
  package func run(at url: URL) throws -> Result {
    let topology = try Topology(parsing: text, file: "connections.yaml")
    let workload = try Workload(topology)
    let directory = try RunDirectory.create(at: url)
    defer { directory.release() }
    let (security, pairs) = try keys()
    let watch = ConnectionBenchmarkWatch()
    let broker = try Broker(
      workload,
      settings: BrokerSettings(
        endpoints: try Endpoints(base: "tcp://127.0.0.1:*"), threads: 1, transport: "tcp",
        run: 1, security: security, logLevel: .notice),
      directory: directory, observer: watch)
    watch.onClosed { broker.stop() }
    let failure = Mutex<(any Error)?>(nil)
    let done = DispatchGroup()
    let context = try Context()
    defer { _ = context.terminate(within: .seconds(5)) }
    let workersContext = try Context(maxSockets: 3 * workers + 64)
    defer { _ = workersContext.terminate(within: .seconds(5)) }
    _ = try broker.run(in: context) { endpoints in
      watch.begin()
      for start in stride(from: 0, to: workers, by: LightWorkers.perThread) {
        let clients = start..<min(start + LightWorkers.perThread, workers)
        done.enter()
        Thread.detachNewThread {
          defer { done.leave() }
          do {
            let workers = try LightWorkers(
              clients, at: endpoints, topology: topology, pairs: pairs, in: workersContext)
            try workers.run()
          } catch {
            failure.withLock { $0 = error }
            broker.stop()
          }
        }
      }
    }
    workersContext.shutdown()
    done.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
    return try watch.result(workers: workers, isEncrypted: isEncrypted)
  }

  private func keys() throws(ZMQError) -> (BrokerSecurity, LightWorkers.Keys?) {
    guard isEncrypted else { return (.open, nil) }
    let broker = try CurveKeyPair.generate()
    var pairs: [CurveKeyPair] = []
    for _ in 0..<workers { pairs.append(try CurveKeyPair.generate()) }
    let admitted = pairs.enumerated().compactMap { client, pair in
      ClientRange("\(client)").map {
        AdmittedWorker(name: "worker-\(client)", key: pair.publicKey, clients: $0)
      }
    }
    return (
      .curve(broker, Gatekeeper(AdmittedWorkers(admitted))),
      LightWorkers.Keys(broker: broker.publicKey, workers: pairs)
    )
  }

  /// A topology whose first model is small; the run ends after its round.
  private var text: String {
    """
    name: connections
    clients: \(workers)
    model:
      name: convnet
    data:
      name: synthetic
      partition: iid
      limit:
        train: \(max(workers, 100))
        test: 100
    stages:
      rounds: [1, 1, 1]
    participation:
      minimum: \(workers)
      deadline: 10 min
    codecs:
      up: dense32
      down: dense32
    """
  }
}
