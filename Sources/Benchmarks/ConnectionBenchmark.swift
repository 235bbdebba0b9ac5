import Federation
package import Foundation
import Ledger
import LocalTraining
import Measures
package import Runtime
import Synchronization
import Topology
import ZeroMQ

/// Many workers on one broker: each joins over three connections of its own, and all take part in
/// one round.
///
/// The broker is the real one, in this process; the workers speak the whole protocol, but send
/// updates of zeros instead of training, in processes beside it. So the memory is the broker's.
package struct ConnectionBenchmark: Sendable {
  /// The figures of one run.
  package struct Result: Codable, Hashable, Sendable {
    /// The number of workers.
    package var workers: Int
    /// True if connections were encrypted.
    package var isEncrypted: Bool
    /// True if each worker fetched the plan before it joined.
    package var fetchedPlan: Bool
    /// The bytes of the plan.
    package var planBytes: Int
    /// From the first connection until all had joined and the round was opened.
    package var joinSeconds: Double
    /// From the round's beginning until all updates were stored, aggregated and booked.
    package var roundSeconds: Double
    /// The number of updates that counted.
    package var accepted: Int
    /// The growth of the broker's process until the round was opened, divided by the workers.
    package var joinedKilobytesPerWorker: Double
    /// The same at the round's end, the update and what reads and writes it included.
    package var memoryPerWorkerKilobytes: Double
    /// The number of descriptors that the broker's process had open in the end.
    package var openDescriptors: Int
  }

  /// The number of workers that join.
  package var workers: Int
  /// True if the connections are encrypted, each worker having a key of its own.
  package var isEncrypted: Bool
  /// True if the workers have no plan, and each fetches it before it joins.
  package var fetchesPlan: Bool

  /// A benchmark of so many workers.
  package init(workers: Int, isEncrypted: Bool = false, fetchesPlan: Bool = false) {
    precondition(workers > 0, "\(workers) workers")
    self.workers = workers
    self.isEncrypted = isEncrypted
    self.fetchesPlan = fetchesPlan
  }

  /// The most workers that fit into the process's limit of descriptors: three connections each.
  package static var limit: Int {
    ConnectionLimits(clients: 1, limits: ProtocolLimits()).connections / 3
  }

  /// The most workers that one process plays, with six descriptors each.
  private static var perProcess: Int {
    max(1, min(1000, (Context.descriptorLimit - 256) / 6))
  }

  /// Runs the benchmark, with a run directory at `url`.
  ///
  /// - Parameters:
  ///   - url: The run directory, which is made.
  ///   - player: Starts a process that calls ``play(_:at:keys:)`` with these clients, endpoints and
  ///     keys.
  /// - Returns: How long joining and the round took, and what the broker's process needed.
  /// - Throws: what broker or workers could not cope with.
  package func run(
    at url: URL,
    player:
      @Sendable (_ clients: Range<Int>, _ endpoints: Endpoints, _ keys: URL?) throws -> Process
  ) throws -> Result {
    let topology = try Topology(parsing: text, file: "connections.yaml")
    let workload = try Workload(topology)
    let directory = try RunDirectory.create(at: url)
    defer { directory.release() }
    let keys = isEncrypted ? url.appending(path: "keys") : nil
    let security = try keys.map(security(writing:)) ?? .open
    let watch = ConnectionBenchmarkWatch()
    let broker = try Broker(
      workload,
      settings: BrokerSettings(
        endpoints: try Endpoints(base: "tcp://127.0.0.1:*"), threads: 1, transport: "tcp",
        run: 1, security: security, logLevel: .notice),
      directory: directory, observer: watch)
    watch.onClosed { broker.stop() }
    let processes = Mutex<[Process]>([])
    let failure = Mutex<(any Error)?>(nil)
    let context = try Context()
    defer { _ = context.terminate(within: .seconds(5)) }
    defer { for process in processes.withLock({ $0 }) { process.terminate() } }
    _ = try broker.run(in: context) { endpoints in
      watch.begin()
      do {
        for start in stride(from: 0, to: workers, by: Self.perProcess) {
          let clients = start..<min(start + Self.perProcess, workers)
          let process = try player(clients, endpoints, keys)
          process.terminationHandler = { process in
            guard process.terminationStatus != 0, !watch.isClosed else { return }
            failure.withLock { $0 = ConnectionBenchmarkError.workersEnded(clients) }
            broker.stop()
          }
          try process.run()
          processes.withLock { $0.append(process) }
        }
      } catch {
        failure.withLock { $0 = error }
        broker.stop()
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return try watch.result(of: self, planBytes: topology.plan.utf8.count)
  }

  /// Plays `clients` until the run is over for all of them: what the processes beside the broker
  /// do.
  package func play(_ clients: Range<Int>, at endpoints: Endpoints, keys: URL?) throws {
    let topology = try Topology(parsing: text, file: "connections.yaml")
    let pairs = try keys.map { try LightWorkers.Keys(contentsOf: $0) }
    let context = try Context(maxSockets: 3 * clients.count + 64)
    defer { _ = context.terminate(within: .seconds(5)) }
    let failure = Mutex<(any Error)?>(nil)
    let done = DispatchGroup()
    for start in stride(
      from: clients.lowerBound, to: clients.upperBound, by: LightWorkers.perThread)
    {
      let part = start..<min(start + LightWorkers.perThread, clients.upperBound)
      done.enter()
      Thread.detachNewThread {
        defer { done.leave() }
        do {
          let workers = try LightWorkers(
            part, at: endpoints, plan: fetchesPlan ? nil : topology.planDigest,
            limits: topology.limits, pairs: pairs, in: context)
          try workers.run()
        } catch {
          failure.withLock { $0 = error }
          context.shutdown()
        }
      }
    }
    done.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// Makes all keys, and writes those that the workers need.
  private func security(writing url: URL) throws -> BrokerSecurity {
    let broker = try CurveKeyPair.generate()
    let pairs = try (0..<workers).map { _ in try CurveKeyPair.generate() }
    let text = ([broker.publicKey] + pairs.map(\.secretKey)).map(\.z85).joined(separator: "\n")
    try KeyFile.create(url.path(percentEncoded: false), mode: 0o600, text)
    let admitted = pairs.enumerated().compactMap { client, pair in
      ClientRange("\(client)").map {
        AdmittedWorker(name: "worker-\(client)", key: pair.publicKey, clients: $0)
      }
    }
    return .curve(broker, AccessControl(AdmittedWorkers(admitted)))
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
