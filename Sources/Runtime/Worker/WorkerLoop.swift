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

/// The thread of a worker: owns its sockets and hands all that happens to the machines of its
/// clients.
///
/// Training happens on the pool; only its results come back here. Made and run on one thread.
final class WorkerLoop {
  let settings: WorkerSettings
  let workload: Workload
  let pool: TrainingPool
  let inbox: Inbox<WorkerEvent>
  let report: @Sendable (WorkerReport) -> Void
  let memories: ClientStore?
  let sockets: WorkerSockets

  /// The clients whose part of the run isn't over.
  var hosts: [Int: ClientHost<TrainedUpdate>] = [:]
  /// The parts of the model that are here.
  var store = SegmentStore()
  /// True if some of what is kept of the model may be of no more use.
  var storeIsStale = false
  /// The trainings that are under way, or wait for their turn.
  var trainings: [Int: Cancellation] = [:]
  /// The samples of each client; nil before the first welcome.
  var partition: [[Int]]?
  var seed: UInt64 = 0
  /// The number of clients that were welcomed.
  var joined = 0
  var ends: [ClientEnd] = []
  /// The number of messages of the broker's address that could not be read.
  var unreadable = 0
  var contact: BrokerContact
  /// The clients that the broker turned down for now, to be reported together.
  var turnedDown = TurnedDownClients()

  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  /// Cancelled when the loop has ended, for the thread that looks names up.
  private let isOver = Cancellation()

  /// Opens the sockets of a worker.
  init(
    settings: WorkerSettings, workload: Workload, context: Context, pool: TrainingPool,
    inbox: Inbox<WorkerEvent>, memories: ClientStore?,
    report: @escaping @Sendable (WorkerReport) -> Void
  ) throws(ZMQError) {
    self.memories = memories
    self.settings = settings
    self.workload = workload
    self.pool = pool
    self.inbox = inbox
    self.report = report
    start = clock.now
    sockets = try WorkerSockets(settings, in: context)
    contact = BrokerContact(
      to: settings.endpoints,
      watch: try sockets.monitors(isEncrypted: settings.security.isEncrypted))
    let stages = workload.topology.stageLimits
    for client in settings.clients {
      let identity = ClientIdentity(
        client: client, worker: settings.worker, plan: workload.planDigest,
        maximalStage: stages[client])
      hosts[client] = ClientHost(
        ClientMachine(
          identity: identity, limits: settings.limits,
          jitter: RandomStream(seed: settings.worker).stream("jitter", client)))
    }
    // Asked here, as libzmq's only thread for all traffic would wait for the name server.
    if let name = settings.endpoints.name { lookUp(name) } else { try connect() }
  }

  /// Looks a host's name up on a thread of its own, again and again until it has an address.
  private func lookUp(_ name: String) {
    Thread.detachNewThread { [inbox, isOver] in
      var pause = 1.0
      while !isOver.isCancelled {
        do throws(UnresolvedName) {
          let addresses = try HostAddress.all(of: name)
          _ = inbox.push(.resolved(isIPv6: addresses.allSatisfy(\.isIPv6)))
          return
        } catch {
          _ = inbox.push(.unresolved(error))
        }
        Thread.sleep(forTimeInterval: pause)
        pause = min(30, 2 * pause)
      }
    }
  }

  /// Connects to the broker's address.
  func connect() throws(ZMQError) {
    contact.begin(now)
    try sockets.connect(to: settings.endpoints)
  }

  /// Works until all clients' parts have ended.
  func run() throws -> WorkerEnd {
    var poller = Poller()
    let tokens = sockets.watch(with: &poller)
    _ = poller.add(inbox.wakeup)
    contact.watch(with: &poller)
    defer { isOver.cancel() }
    while !hosts.isEmpty {
      try tickAll()
      if storeIsStale { evict() }
      try sockets.flush(tokens, &poller)
      let wake = hosts.values.compactMap(\.wakeTime).min() ?? now + .seconds(5)
      let isCalm = contact.isEstablished && turnedDown.isEmpty
      let limit: Duration = isCalm ? .seconds(5) : .milliseconds(200)
      _ = try poller.wait(atMost: max(.zero, min(wake - now, limit)))
      if let refusal = try contact.refusal(now) { return .turnedAway(refusal) }
      for event in inbox.drain() { try take(event) }
      try sockets.receive(tokens, poller) { message in
        contact.heard(now)
        guard let message else { return unreadable += 1 }
        try take(message)
      }
      reportContact()
      for group in turnedDown.due(now) {
        report(.turnedDown(clients: group.clients, group.reason, detail: group.detail))
      }
      if let silence = contact.silenceToReport(now) { report(.silence(silence)) }
      guard contact.silence(now) < settings.patience else { return .abandoned }
    }
    try sockets.flush()
    if unreadable > 0 { report(.unreadable(messages: unreadable)) }
    return end
  }

  /// The time that the loop has run.
  var now: Duration { clock.now - start }

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

  /// Drops what no client needs any more of the model.
  private func evict() {
    storeIsStale = false
    store.keep(
      steps: hosts.values.reduce(into: []) { $0.formUnion($1.machine.interests) },
      segments: hosts.values.reduce(into: []) { $0.formUnion($1.machine.heldSegments) })
  }

  /// Says what keeps this worker from its broker, when it shows and while it lasts.
  private func reportContact() {
    let now = now
    for socket in contact.toProbe(now) {
      let endpoint = settings.endpoints[socket]
      Thread.detachNewThread { [inbox] in
        _ = inbox.push(.probed(socket, ConnectionProbe.code(of: endpoint)))
      }
    }
    if let fault = contact.faultToReport(now) { report(.noContact(fault)) }
  }

  /// Tells all trainings that haven't begun that they aren't needed.
  func cancelTrainings() {
    for training in trainings.values { training.cancel() }
    trainings = [:]
  }
}
