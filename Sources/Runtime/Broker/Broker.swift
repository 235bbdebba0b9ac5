package import Federation
import Foundation
package import Ledger
package import LocalTraining
import Measures
import Models
import Progressive
package import Server
import Synchronization
import Topology
import Wire
import ZMTP
package import ZeroMQ

/// A broker: binds its sockets, runs all rounds of a topology, and leaves a run directory behind.
package final class Broker: Sendable {
  /// The plan that is run.
  package let plan: BrokerPlan
  private let settings: BrokerSettings
  private let workload: Workload
  private let directory: RunDirectory
  private let observer: any RunObserver
  private let inbox: Inbox<BrokerInput>
  private let pool: TrainingPool
  private let resumption: Resumption?
  /// True while the loop runs, which answers questions.
  private let isAtWork = Mutex(false)

  /// A broker that hasn't bound anything yet, of a new run or one that goes on.
  ///
  /// - Throws: `ZMQError` when the process is out of descriptors.
  package convenience init(
    _ workload: Workload, settings: BrokerSettings, directory: RunDirectory,
    observer: any RunObserver, resumption: Resumption? = nil
  ) throws(ZMQError) {
    try self.init(
      workload, settings: settings, directory: directory, observer: observer,
      resumption: resumption, pool: TrainingPool(width: settings.threads))
  }

  /// A broker that evaluates on a pool it shares with clients.
  init(
    _ workload: Workload, settings: BrokerSettings, directory: RunDirectory,
    observer: any RunObserver, resumption: Resumption?, pool: TrainingPool
  ) throws(ZMQError) {
    self.workload = workload
    self.settings = settings
    self.directory = directory
    self.observer = observer
    self.pool = pool
    self.resumption = resumption
    plan = workload.topology.brokerPlan(
      run: resumption?.origin.run ?? settings.run, epoch: resumption?.epoch ?? settings.epoch)
    inbox = try Inbox()
  }

  /// Runs all rounds on the calling thread.
  ///
  /// Nothing is made on disk before the data is dealt out, the sockets are bound and `prepared` has
  /// returned.
  ///
  /// - Parameters:
  ///   - context: The context of the sockets.
  ///   - prepared: Called once with the endpoints in force; makes what else the run can't be
  ///     without.
  ///   - bound: Called once with the endpoints in force when the run begins.
  /// - Returns: The state in which the run ended.
  /// - Throws: `ZMQError` for sockets, `LedgerError` for the run directory, and what `prepared`
  ///   throws.
  package func run(
    in context: Context, prepared: (Endpoints) throws -> Void = { _ in },
    bound: (Endpoints) -> Void
  ) throws -> RunState {
    let topology = workload.topology
    let labels = try workload.labels(seed: plan.seed)
    var plan = plan
    plan.dealtSamples = try workload.dealtSamples(seed: plan.seed)
    plan.samplesMayChange = workload.data.split == nil
    if plan.evaluation != nil {
      plan.dealtHoldOuts = try workload.dealtHoldOuts(seed: plan.seed)
    }
    let parameters = topology.architecture.parameterCount(stage: topology.architecture.stages)
    let sockets = try BrokerSockets(
      plan: plan, settings: settings, modelBytes: 4 * parameters, in: context)
    try prepared(sockets.endpoints)
    try directory.make()
    let ledger = try openLedger(labels)
    defer { ledger.close() }
    let log = RunLog(at: directory.paths.log, level: settings.logLevel)
    let observer = LoggedRun(log: log, observer: observer)
    let server = try ServerState(
      workload: workload, plan: plan, pool: pool, directory: directory.paths, ledger: ledger,
      observer: observer, labels: labels, restored: resumption?.model)
    let stored = try resumption.map { try server.recover(round: $0.round) } ?? [:]
    let evicted = try EvictionFile.read(directory.paths.evictions)
    let record = EpochRecord(in: directory.paths)
    try record.begin(plan.epoch)
    try ledger.begin(
      Epoch(
        number: plan.epoch, round: resumption?.round ?? 1, elapsed: resumption?.elapsed ?? .zero,
        start: Date.now.formatted(.iso8601)))
    KillPoint.epochBegun.pass()
    let queue = ServerQueue(server, inbox: inbox)
    let loop = BrokerLoop(
      plan: plan, settings: settings, sockets: sockets, server: queue, inbox: inbox,
      observer: observer, log: log, resumption: resumption, stored: stored,
      evictions: directory.paths.evictions, record: record, evicted: evicted,
      normalization: server.normalization)
    let control = controlServer(log, observer)
    control?.start()
    isAtWork.withLock { $0 = true }
    defer {
      isAtWork.withLock { $0 = false }
      for case .asked(let question) in inbox.drain() {
        question.answer(.refused("the run has ended"))
      }
      control?.stop()
    }
    log.write(
      .info, "run started",
      [
        "name": .text(topology.name), "seed": .text("\(plan.seed)"),
        "epoch": .number(plan.epoch), "clients": .number(plan.clients),
        "rounds": .number(plan.schedule.totalRounds),
        "endpoint": .text(loop.endpoints.control),
        "encrypted": .flag(settings.security.mechanism == .curve),
      ])
    for remark in workload.remarks { observer.remarked(remark) }
    bound(loop.endpoints)
    let complete: Bool
    do {
      complete = try loop.run()
    } catch {
      log.write(.error, "run failed", ["problem": .text("\(error)")])
      throw error
    }
    let state = try RunState.ended(
      complete: complete, isGivenUp: loop.isGivenUp, in: ledger)
    log.write(.info, "run ended", ["state": .text(state.rawValue)])
    try queue.finish(state: state, book: loop.gate.books.close(), elapsed: loop.now)
    if let reading = loop.lastReading, let round = loop.lastRound {
      try ledger.append(reading, after: round)
    }
    return state
  }

  /// Puts another allow-list in force; workers that it doesn't have any more are told so and taken
  /// out.
  ///
  /// Does nothing where connections aren't authenticated.
  package func admit(_ workers: AdmittedWorkers) {
    settings.security.accessControl?.admit(workers)
    _ = inbox.push(.admissionsChanged)
  }

  /// The answer to a request, which the loop gives.
  func answer(_ request: ControlRequest, from peer: ControlServer.Peer? = nil) -> ControlAnswer {
    if case .admit(let line) = request {
      return settings.security.admit(line, into: settings.allowList, of: self, from: peer)
    }
    let question = ControlQuestion(request, from: peer)
    guard isAtWork.withLock({ $0 && inbox.push(.asked(question)) }) else {
      return .refused("the broker isn't at work")
    }
    guard var answer = question.awaited(for: .seconds(10)) else {
      return .refused("the broker is busy and doesn't answer")
    }
    answer.status?.name = workload.topology.name
    answer.status?.process = Int(ProcessInfo.processInfo.processIdentifier)
    return answer
  }

  /// The state of the run, with all who are there; nil while it doesn't run.
  package var presence: Presence? { answer(.status).status }

  /// The socket over which the run is controlled; nil where there can't be one, which is said.
  private func controlServer(_ log: RunLog, _ observer: any RunObserver) -> ControlServer? {
    do {
      return try ControlServer(
        at: directory.paths.control,
        strangerCame: { peer in
          log.write(
            .warning, "control refused",
            ["user": .number(peer.user), "process": .number(peer.process)])
        },
        answer: { [self] in answer($0, from: $1) })
    } catch {
      observer.warned("progfed control and status can't reach this run: \(error)")
      return nil
    }
  }

  /// The run's ledger: a new one, or the old one without the rounds that are run again.
  private func openLedger(_ labels: [[Int]]) throws -> RunStore {
    let topology = workload.topology
    guard let resumption else {
      let ledger = try RunStore.create(
        at: directory.paths.ledger,
        header: RunHeader(
          topology, seed: plan.seed, transport: settings.transport,
          mechanism: settings.security.mechanism),
        origin: RunOrigin(topology, run: plan.run), labels: labels)
      try DurableFile.write(Data(topology.source.utf8), to: directory.paths.topology)
      return ledger
    }
    let ledger = try RunStore.open(at: directory.paths.ledger)
    try ledger.discardRounds(after: resumption.round - 1, keepingTraffic: true)
    return ledger
  }

  /// Ends the run early: clients are told, and what is there is kept.
  package func stop() { _ = inbox.push(.stop) }
}
