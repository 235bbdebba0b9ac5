import Dispatch
import Measures
import Synchronization
package import ZeroMQ

/// Workers one after the other, so that the same clients are there again when a stopped broker
/// returns.
package final class WorkerShifts: Sendable {
  private let current = Mutex<(worker: Worker?, isStopped: Bool)>((nil, false))
  private let stopped = DispatchSemaphore(value: 0)

  /// No worker yet.
  package init() {}

  /// Has the worker leave; there will be no other.
  package func stop() {
    current.withLock { current in
      current.isStopped = true
      current.worker?.stop()
    }
    stopped.signal()
  }

  /// Runs the worker that `make` gives; with `pause`, another one that long after the broker was
  /// stopped.
  ///
  /// - Parameters:
  ///   - pause: The wait between two workers; nil for one worker alone.
  ///   - context: The context of their sockets.
  ///   - waiting: Called before each pause.
  ///   - make: Gives a new worker.
  /// - Returns: The state in which the last one ended.
  /// - Throws: what a worker throws.
  package func run(
    again pause: Duration?, in context: Context, waiting: () -> Void, _ make: () throws -> Worker
  ) throws -> WorkerEnd {
    while true {
      let worker = try make()
      let isStopped = current.withLock { current in
        current.worker = worker
        return current.isStopped
      }
      guard !isStopped else { return .stopped }
      let end = try worker.run(in: context)
      guard end == .interrupted, let pause else { return end }
      waiting()
      guard stopped.wait(timeout: .now() + pause.seconds) == .timedOut else { return .stopped }
    }
  }
}
