package import Federation
import Foundation
package import Ledger
import Measures
import Models
import Synchronization
import Topology
import Wire
package import ZeroMQ

/// A broker: binds its sockets, runs all rounds of a topology, and leaves a run directory behind.
package final class Broker: Sendable {
  /// What is run.
  package let plan: BrokerPlan
  private let settings: BrokerSettings
  private let workload: Workload
  private let directory: RunDirectory
  private let observer: any RunObserver
  private let inbox: Inbox<BrokerInput>
  private let pool: TrainingPool

  /// A broker that hasn't bound anything yet.
  ///
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package convenience init(
    _ workload: Workload, settings: BrokerSettings, directory: RunDirectory,
    observer: any RunObserver
  ) throws(ZMQError) {
    try self.init(
      workload, settings: settings, directory: directory, observer: observer,
      pool: TrainingPool(width: settings.threads))
  }

  /// A broker that evaluates on a pool it shares with clients.
  init(
    _ workload: Workload, settings: BrokerSettings, directory: RunDirectory,
    observer: any RunObserver, pool: TrainingPool
  ) throws(ZMQError) {
    self.workload = workload
    self.settings = settings
    self.directory = directory
    self.observer = observer
    self.pool = pool
    plan = workload.topology.brokerPlan(run: settings.run, epoch: settings.epoch)
    inbox = try Inbox()
  }

  /// Runs all rounds on the calling thread.
  ///
  /// - Parameters:
  ///   - context: The context of the sockets.
  ///   - bound: Called once with the endpoints in force.
  /// - Returns: How the run ended.
  /// - Throws: `ZMQError` for sockets, `LedgerError` for the run directory.
  package func run(in context: Context, bound: (Endpoints) -> Void) throws -> RunState {
    let topology = workload.topology
    try DurableFile.write(Data(topology.source.utf8), to: directory.paths.topology)
    let ledger = try RunStore.create(
      at: directory.paths.ledger,
      header: RunHeader(
        topology, seed: plan.seed, transport: settings.transport,
        mechanism: settings.security.mechanism))
    defer { ledger.close() }
    let keeper = KeeperQueue(
      ModelKeeper(
        workload: workload, plan: plan, pool: pool, directory: directory.paths, ledger: ledger,
        observer: observer), inbox: inbox)
    let parameters = topology.architecture.parameterCount(stage: topology.architecture.stages)
    let loop = try BrokerLoop(
      plan: plan, settings: settings, modelBytes: 4 * parameters, context: context,
      keeper: keeper, inbox: inbox, observer: observer)
    bound(loop.endpoints)
    let complete = try loop.run()
    let state: RunState = complete ? .done : .interrupted
    try keeper.finish(state: state, book: loop.books.close(), elapsed: loop.now)
    return state
  }

  /// Puts another allow-list in force; workers that it doesn't have any more are told so and taken out.
  ///
  /// Does nothing where connections aren't authenticated.
  package func admit(_ workers: AdmittedWorkers) {
    settings.security.gatekeeper?.admit(workers)
    _ = inbox.push(.admissionsChanged)
  }

  /// Ends the run early: clients are told, and what is there is kept.
  package func stop() { _ = inbox.push(.stop) }
}
