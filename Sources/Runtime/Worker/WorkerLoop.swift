import Bytes
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Server
import Topology
import Wire
import ZeroMQ

/// The thread of a worker that has its workload: hands all that happens to the machines of its
/// clients.
///
/// Training happens on the pool; only its results come back here. Made and run on one thread.
final class WorkerLoop {
  let connection: WorkerConnection
  let workload: Workload
  let pool: TrainingPool
  let memories: ClientStore?

  /// The clients whose part of the run isn't over.
  var hosts: [Int: ClientHost<TrainedUpdate>] = [:]
  /// The parts of the model that are here.
  var store = SegmentStore()
  /// True if some of what is kept of the model may be of no more use.
  var storeIsStale = false
  /// The trainings that are under way, or wait for their turn.
  var trainings: [Int: Cancellation] = [:]
  /// The samples of each client; nil before the first welcome.
  var shares: ClientShares?
  /// The clients whose own samples are read for the first time; they join when that is done.
  var unread: Set<Int> = []
  /// The watch over own samples that are of no use as they are.
  var repairs = DataRepairs()
  var seed: UInt64 = 0
  /// The number of clients that were welcomed.
  var joined = 0
  var ends: [ClientEnd] = []
  /// True while the broker holds rounds back.
  var isPaused = false
  /// The time at which the worker is to be heard again, if only that it is there.
  private var lifeSignDue: Duration
  /// The limits of all clients, with the bounds of what the broker may announce.
  private let limits: ProtocolLimits
  /// The clients that the broker turned down for now, to be reported together.
  var turnedDown = TurnedDownClients()

  /// Begins to play the clients of a worker over its connection.
  init(
    _ connection: WorkerConnection, workload: Workload, pool: TrainingPool, memories: ClientStore?
  ) {
    self.connection = connection
    self.memories = memories
    self.workload = workload
    self.pool = pool
    lifeSignDue = connection.now + connection.settings.limits.heartbeatInterval
    var limits = connection.settings.limits
    limits.stepBounds = workload.stepBounds
    self.limits = limits
    if let own = workload.data.own {
      unread = Set(settings.clients)
      for client in settings.clients { read(own[client], of: client) }
    } else {
      ResidentMemory.giveBack()
      for client in settings.clients { enter(client) }
    }
  }

  /// A client takes part from now on: its machine asks to join with the next tick.
  func enter(_ client: Int) {
    let identity = ClientIdentity(
      client: client, worker: settings.worker, plan: workload.planDigest,
      maximalStage: workload.topology.stageLimits[client], name: settings.label,
      measuredChannels: workload.topology.measuringRules?.channels,
      remembers: workload.topology.clientsRemember)
    hosts[client] = ClientHost(
      ClientMachine(
        identity: identity, limits: limits,
        jitter: RandomStream(seed: settings.worker).stream("jitter", client)))
  }

  /// Works until all clients' parts have ended.
  func run() throws -> WorkerEnd {
    if let programs = workload.data.programs {
      for client in settings.clients { try handle(.has(programs.holding(of: client)), for: client) }
    }
    while !hosts.isEmpty || !unread.isEmpty {
      try tickAll()
      try showLife()
      lookForRepairs()
      if storeIsStale { evict() }
      let end = try connection.wait(
        until: hosts.values.compactMap(\.wakeTime).reduce(lifeSignDue, min),
        isCalm: turnedDown.isEmpty,
        events: take, messages: take)
      for group in turnedDown.due(now) {
        report(.turnedDown(clients: group.clients, group.reason, detail: group.detail))
      }
      if let end { return end }
    }
    let isRunOver = ends.allSatisfy { $0 == .complete || $0 == .interrupted }
    try connection.close(takingLeave: isRunOver)
    return end
  }

  /// The time since the worker began to connect.
  var now: Duration { connection.now }

  var settings: WorkerSettings { connection.settings }
  var inbox: Inbox<WorkerEvent> { connection.inbox }
  var report: @Sendable (WorkerReport) -> Void { connection.report }
  var sockets: WorkerSockets { connection.sockets }

  private var end: WorkerEnd {
    // Of some clients alone, after others joined, a refusal doesn't speak for the whole worker.
    for case .refused(let reason, let detail) in ends where joined == 0 || Set(ends).count == 1 {
      return .refused(reason, detail: detail)
    }
    if ends.contains(.left) { return .stopped }
    if ends.contains(.interrupted) { return .interrupted }
    return joined == 0 ? .missed : .complete
  }

  /// Hands an event to a client's machine and has done what it answers.
  func handle(_ event: ClientEvent, for client: Int) throws {
    try hosts[client]?.handle(event, at: now, over: sockets, by: self)
  }

  private func tickAll() throws {
    let now = now
    for client in settings.clients {
      if let wake = hosts[client]?.wakeTime, wake <= now { try handle(.tick, for: client) }
    }
  }

  /// Has an idle client say that it is there, where no client has said anything for a heartbeat's
  /// time: so the broker's people learn soon of a worker that lost its power.
  private func showLife() throws {
    let (now, interval) = (now, settings.limits.heartbeatInterval)
    guard lifeSignDue <= now else { return }
    let said = hosts.values.map(\.machine.lastSaid).max() ?? now
    if now - said < interval { return lifeSignDue = said + interval }
    lifeSignDue = now + interval
    let idle = settings.clients.first { client in
      hosts[client].map { $0.machine.state == .idle && $0.machine.membership != nil } ?? false
    }
    if let idle { try handle(.showLife, for: idle) }
  }

  /// Drops what no client needs any more of the model.
  private func evict() {
    storeIsStale = false
    store.keep(
      steps: hosts.values.reduce(into: []) { $0.formUnion($1.machine.state.interests) },
      segments: hosts.values.reduce(into: []) { $0.formUnion($1.heldSegments) })
  }

  /// Tells all trainings that haven't begun that they aren't needed.
  func cancelTrainings() {
    for training in trainings.values { training.cancel() }
    trainings = [:]
  }
}
