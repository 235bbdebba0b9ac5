import Federation
import Foundation
package import Ledger
import Measures
import Synchronization
import Topology
import ZeroMQ

/// Broker, workers and clients in one process, over real sockets.
package final class Simulation: Sendable {
  /// What carries the messages.
  package enum Transport: String, Sendable, CaseIterable {
    /// Within the process, without copies.
    case inproc
    /// A socket of the file system.
    case ipc
    /// Loopback.
    case tcp
  }

  private let broker: Broker
  private let worker: Mutex<Worker?>
  private let workload: Workload
  private let transport: Transport
  private let pool: TrainingPool
  private let threads: Int
  private let workerSecurity: Security

  /// A simulation that hasn't begun.
  ///
  /// - Parameters:
  ///   - workload: What there is to learn.
  ///   - transport: What carries the messages.
  ///   - isEncrypted: Whether the connections use CURVE, with keys of this run alone; not within the process.
  ///   - threads: How many clients train at the same time.
  ///   - directory: Where the run is kept.
  ///   - observer: Who watches.
  ///   - resumption: From where the run in `directory` goes on; nil for a new run.
  ///   - logLevel: What is logged: this level and those above.
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package init(
    _ workload: Workload, transport: Transport, isEncrypted: Bool = false, threads: Int,
    directory: RunDirectory, observer: any RunObserver, resumption: Resumption? = nil,
    logLevel: LogLevel = .info
  ) throws {
    precondition(!isEncrypted || transport != .inproc, "nothing to encrypt within a process")
    self.workload = workload
    self.transport = transport
    self.threads = threads
    pool = TrainingPool(width: threads)
    worker = Mutex(nil)
    var generator = SystemRandomNumberGenerator()
    let base =
      switch transport {
      case .inproc: "inproc://progfed"
      case .ipc: "ipc://\(NSTemporaryDirectory())progfed-\(UUID().uuidString)"
      case .tcp: "tcp://127.0.0.1:*"
      }
    let security: BrokerSecurity
    (security, workerSecurity) =
      isEncrypted ? try Self.curve(clients: workload.topology.clients) : (.open, .none)
    broker = try Broker(
      workload,
      settings: BrokerSettings(
        endpoints: try Endpoints(base: base), threads: threads,
        transport: transport.rawValue + (isEncrypted ? "+curve" : ""), run: generator.next(),
        security: security, logLevel: logLevel),
      directory: directory, observer: observer, resumption: resumption, pool: pool)
  }

  /// Runs all rounds.
  ///
  /// - Returns: How the run ended.
  /// - Throws: what broker or worker could not cope with.
  package func run() throws -> RunState {
    let context = try Context()
    defer { _ = context.terminate(within: .seconds(5)) }
    let failure = Mutex<(any Error)?>(nil)
    let ended = DispatchSemaphore(value: 0)
    var started = false
    let state = Result<RunState, any Error> {
      try broker.run(in: context) { endpoints in
        started = true
        Thread.detachNewThread { [self] in
          do {
            try work(at: endpoints, in: context)
          } catch {
            failure.withLock { $0 = error }
            broker.stop()
          }
          ended.signal()
        }
      }
    }
    // The broker is gone: a worker that wasn't told so would wait for its return.
    worker.withLock { $0?.stop() }
    if started { ended.wait() }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return try state.get()
  }

  /// Ends the run early; what is there is kept.
  package func stop() { broker.stop() }

  /// Keys for a broker and for one worker that plays all clients.
  private static func curve(
    clients: Int
  ) throws(ZMQError) -> (broker: BrokerSecurity, worker: Security) {
    let (broker, worker) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
    let workers = AdmittedWorkers([
      AdmittedWorker(name: "simulated", key: worker.publicKey, clients: ClientRange(below: clients))
    ])
    return (
      .curve(broker, Gatekeeper(workers)),
      .curveClient(serverKey: broker.publicKey, pair: worker)
    )
  }

  private func work(at endpoints: Endpoints, in context: Context) throws {
    let worker = try Worker(
      workload,
      settings: WorkerSettings(
        endpoints: endpoints, clients: Array(0..<workload.topology.clients), threads: threads,
        limits: workload.topology.limits, worker: 1, security: workerSecurity),
      pool: pool, report: { _ in })
    self.worker.withLock { $0 = worker }
    switch try worker.run(in: context) {
    case .refused(_, let detail): throw SimulationError.refused(detail)
    case .turnedAway(let refusal): throw SimulationError.refused("\(refusal)")
    case .complete, .interrupted, .stopped, .abandoned: return
    }
  }
}

/// Why a simulation can't go on.
package enum SimulationError: Error, CustomStringConvertible {
  /// The broker refused its own worker.
  case refused(String)

  /// What went wrong.
  package var description: String {
    switch self {
    case .refused(let detail): "the broker refused the simulated clients: \(detail)"
    }
  }
}
