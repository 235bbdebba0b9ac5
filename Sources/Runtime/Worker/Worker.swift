package import Federation
package import LocalTraining
import Models
import Synchronization
import Topology
import Wire
package import ZeroMQ

/// A worker: plays some of a federation's clients against a broker.
///
/// It goes by a workload that it was given, or fetches the broker's plan first and makes one of it.
package final class Worker: Sendable {
  /// The origin of a worker's workload.
  private enum Source: Sendable {
    /// It was given, and the broker is to have the same.
    case given(Workload)
    /// The broker's plan says it.
    case plan(@Sendable (PlanBytes) throws -> Workload)
  }

  private let settings: WorkerSettings
  private let source: Source
  private let pool: TrainingPool
  private let inbox: Mutex<Inbox<WorkerEvent>>
  private let isStopped = Mutex(false)
  private let report: @Sendable (WorkerReport) -> Void

  /// The longest wait for a plan with which another one is only compared.
  private static let comparisonPatience = Duration.seconds(10)

  /// A worker that hasn't connected yet.
  ///
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package convenience init(
    _ workload: Workload, settings: WorkerSettings,
    report: @escaping @Sendable (WorkerReport) -> Void = { _ in }
  ) throws(ZMQError) {
    try self.init(
      workload, settings: settings, pool: Self.pool(settings), report: report)
  }

  /// A worker that trains on a pool it shares with a broker.
  convenience init(
    _ workload: Workload, settings: WorkerSettings, pool: TrainingPool,
    report: @escaping @Sendable (WorkerReport) -> Void
  ) throws(ZMQError) {
    try self.init(.given(workload), settings, pool, report)
  }

  /// A worker that goes by the broker's plan and hasn't connected yet.
  ///
  /// - Parameters:
  ///   - settings: The clients, the broker's address and limits.
  ///   - report: Is told what happens.
  ///   - make: Makes the workload that a plan says; called on a thread of its own, again if the
  ///     broker comes back with another plan.
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package convenience init(
    settings: WorkerSettings, report: @escaping @Sendable (WorkerReport) -> Void = { _ in },
    workload make: @escaping @Sendable (PlanBytes) throws -> Workload
  ) throws(ZMQError) {
    try self.init(.plan(make), settings, Self.pool(settings), report)
  }

  private init(
    _ source: Source, _ settings: WorkerSettings, _ pool: TrainingPool,
    _ report: @escaping @Sendable (WorkerReport) -> Void
  ) throws(ZMQError) {
    self.settings = settings
    self.source = source
    self.pool = pool
    self.report = report
    inbox = Mutex(try Inbox())
  }

  /// A pool of a process that does nothing but play clients: what compiling a network read and left
  /// unused is given back before the training.
  private static func pool(_ settings: WorkerSettings) -> TrainingPool {
    TrainingPool(width: settings.threads) { ResidentMemory.giveBack() }
  }

  /// Works on the calling thread until the run is over for all clients.
  ///
  /// - Parameter context: The context of the sockets.
  /// - Returns: The state in which it ended.
  /// - Throws: `ZMQError` for sockets, `PartitionError` if the data can't be dealt out, and what
  ///   keeps the workload from being made.
  package func run(in context: Context) throws -> WorkerEnd {
    var refused: PlanBytes?
    while true {
      // What still comes from trainings by another plan goes nowhere.
      let inbox = try Inbox<WorkerEvent>()
      self.inbox.withLock { $0 = inbox }
      if isStopped.withLock({ $0 }) { return .stopped }
      let connection = try WorkerConnection(settings, in: context, inbox: inbox, report: report)
      switch source {
      case .given(let workload):
        let end = try work(by: workload, over: connection)
        return try explained(end, of: workload, over: connection)
      case .plan(let make):
        let (end, plan) = try follow(make, over: connection, refused: refused)
        guard case .refused(.wrongPlan, _) = end, let plan, plan != refused else { return end }
        refused = plan
        report(.replanned)
      }
    }
  }

  /// Has all clients leave.
  package func stop() {
    isStopped.withLock { $0 = true }
    _ = inbox.withLock { $0 }.push(.stop)
  }

  /// Plays the clients by a workload.
  private func work(by workload: Workload, over connection: WorkerConnection) throws -> WorkerEnd {
    let loop = WorkerLoop(
      connection, workload: workload, pool: pool,
      memories: try ClientStore(for: workload, in: settings.memories))
    // Trainings that haven't begun give their lane back at once; those of others aren't touched.
    defer { loop.cancelTrainings() }
    return try loop.run()
  }

  /// Plays the clients by the broker's plan.
  ///
  /// - Returns: The state in which that ended, and the plan if it was here.
  private func follow(
    _ make: @escaping @Sendable (PlanBytes) throws -> Workload, over connection: WorkerConnection,
    refused: PlanBytes?
  ) throws -> (WorkerEnd, PlanBytes?) {
    let loop = PlanLoop(connection, patience: settings.patience)
    let plan: PlanBytes
    switch try loop.fetchPlan() {
    case .done(let fetched): plan = fetched
    case .ended(let end): return (end, nil)
    }
    guard plan != refused else {
      let detail = "the broker refuses the plan that it sends itself"
      return (.unusablePlan(problem: detail), plan)
    }
    let workload: Workload
    switch try loop.workload(by: plan, make) {
    case .done(let made): workload = made
    case .ended(let end): return (end, plan)
    }
    let topology = workload.topology
    guard topology.planDigest == plan.digest else {
      return (.otherPlan(PlanDifference(between: plan.text, and: topology.plan)), plan)
    }
    if let client = settings.clients.last(where: { $0 >= topology.clients }) {
      let detail = "there is no client \(client): the plan has clients 0 to \(topology.clients - 1)"
      return (.refused(.wrongClient, detail: detail), plan)
    }
    report(.planned(topology))
    return (try work(by: workload, over: connection), plan)
  }

  /// The end of a worker whose own plan the broker refuses, with the values that differ if the
  /// broker says its plan.
  private func explained(
    _ end: WorkerEnd, of workload: Workload, over connection: WorkerConnection
  ) throws -> WorkerEnd {
    guard case .refused(.wrongPlan, _) = end else { return end }
    let loop = PlanLoop(
      connection, patience: min(settings.patience, Self.comparisonPatience))
    guard case .done(let plan) = try loop.fetchPlan() else { return end }
    let difference = PlanDifference(between: plan.text, and: workload.topology.plan)
    return difference.isEmpty ? end : .otherPlan(difference)
  }
}
