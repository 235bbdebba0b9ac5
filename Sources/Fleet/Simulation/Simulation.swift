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

  /// A simulation that hasn't begun.
  ///
  /// - Parameters:
  ///   - workload: What there is to learn.
  ///   - transport: What carries the messages.
  ///   - threads: How many clients train at the same time.
  ///   - directory: Where the run is kept.
  ///   - observer: Who watches.
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package init(
    _ workload: Workload, transport: Transport, threads: Int, directory: RunDirectory,
    observer: any RunObserver
  ) throws {
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
    broker = try Broker(
      workload,
      settings: BrokerSettings(
        endpoints: try Endpoints(base: base), threads: threads, transport: transport.rawValue,
        run: generator.next()),
      directory: directory, observer: observer, pool: pool)
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

  private func work(at endpoints: Endpoints, in context: Context) throws {
    let worker = try Worker(
      workload,
      settings: WorkerSettings(
        endpoints: endpoints, clients: Array(0..<workload.topology.clients), threads: threads,
        limits: workload.topology.limits, worker: 1),
      pool: pool, report: { _ in })
    self.worker.withLock { $0 = worker }
    if case .refused(_, let detail) = try worker.run(in: context) {
      throw SimulationError.refused(detail)
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
