package import LocalTraining
import Models
import Topology
package import ZeroMQ

/// A worker: plays some of a topology's clients against a broker.
package final class Worker: Sendable {
  private let settings: WorkerSettings
  private let workload: Workload
  private let pool: TrainingPool
  private let inbox: Inbox<WorkerEvent>
  private let report: @Sendable (WorkerReport) -> Void

  /// A worker that hasn't connected yet.
  ///
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package convenience init(
    _ workload: Workload, settings: WorkerSettings,
    report: @escaping @Sendable (WorkerReport) -> Void = { _ in }
  ) throws(ZMQError) {
    try self.init(
      workload, settings: settings, pool: TrainingPool(width: settings.threads), report: report)
  }

  /// A worker that trains on a pool it shares with a broker.
  init(
    _ workload: Workload, settings: WorkerSettings, pool: TrainingPool,
    report: @escaping @Sendable (WorkerReport) -> Void
  ) throws(ZMQError) {
    self.settings = settings
    self.workload = workload
    self.pool = pool
    self.report = report
    inbox = try Inbox()
  }

  /// Works on the calling thread until the run is over for all clients.
  ///
  /// - Parameter context: The context of the sockets.
  /// - Returns: The state in which it ended.
  /// - Throws: `ZMQError` for sockets, `PartitionError` if the data can't be dealt out.
  package func run(in context: Context) throws -> WorkerEnd {
    let loop = try WorkerLoop(
      settings: settings, workload: workload, context: context, pool: pool, inbox: inbox,
      memories: try ClientStore(for: workload), report: report)
    // Trainings that haven't begun give their lane back at once; those of others aren't touched.
    defer { loop.cancelTrainings() }
    return try loop.run()
  }

  /// Has all clients leave.
  package func stop() { _ = inbox.push(.stop) }
}
