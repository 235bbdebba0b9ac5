import Bytes
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Server
import Synchronization
import Topology
import Wire
import ZMTP
import ZeroMQ

/// The thread of a worker: owns its three sockets and drives the machines of its clients.
///
/// Training happens on the pool; only its results come back here. Made and run on one thread.
final class WorkerLoop {
  let settings: WorkerSettings
  let workload: Workload
  let pool: TrainingPool
  let inbox: Inbox<WorkerEvent>
  let report: @Sendable (WorkerReport) -> Void

  private let control: Socket
  private let bulk: Socket
  private let updates: Socket
  private var watch: ConnectionWatch
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  var machines: [Int: ClientMachine] = [:]
  var store = SegmentStore()
  var listeners: [Digest: Int] = [:]
  var offers: [Int: SharedBuffer] = [:]
  /// What clients remember once the updates that they offer count; none where they remember nothing.
  var learned: [Int: ClientMemory] = [:]
  let memories: ClientStore?
  var trainings: [Int: Cancellation] = [:]
  var partition: [[Int]]?
  var seed: UInt64 = 0
  var joined = 0
  var ends: [ClientEnd] = []
  private var storeIsStale = false
  /// How many messages of the broker's address could not be read.
  var unreadable = 0
  private var outgoing = OutgoingQueue()
  /// Whether the loop has ended, for the thread that looks names up.
  private let isOver = Cancellation()
  private var lastHeard: Duration = .zero
  private var hasHeard = false
  /// Why the host's name has no address yet; nil where it has one, or that isn't known yet.
  private var unresolved: UnresolvedName?
  /// Whether the sockets were told where to connect.
  private var isConnecting = false
  private var news = ContactNews()
  /// What the broker turned clients down with for now, to be reported together.
  private var turnedDown = TurnedDownClients()
  private var nextSilenceReport: Duration = .seconds(30)

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
    var listening = SocketOptions()
    listening.security = settings.security
    listening.heartbeat = nil  // announcements tell that the broker lives; see BrokerLoop
    listening.isIPv6 = settings.endpoints.isIPv6
    // After a reconnect a SUB sends no more subscriptions than this.
    listening.sendHighWaterMark = 4 * settings.clients.count + 1000
    listening.maximumFrame = ByteCount(settings.limits.chunkBytes + Envelope.maximalBytes)
    control = try Socket(.subscribe, in: context, options: listening)
    listening.receiveHighWaterMark = 0
    bulk = try Socket(.subscribe, in: context, options: listening)
    var sending = SocketOptions()
    sending.heartbeat = nil
    sending.isImmediate = true
    sending.security = settings.security
    sending.isIPv6 = settings.endpoints.isIPv6
    sending.sendHighWaterMark = 64
    updates = try Socket(.push, in: context, options: sending)
    let stages = workload.topology.stageLimits
    for client in settings.clients {
      let mailbox = Topic.client(client).text
      try control.subscribe(to: mailbox)
      try bulk.subscribe(to: mailbox)
      machines[client] = ClientMachine(
        identity: ClientIdentity(
          client: client, worker: settings.worker, plan: workload.planDigest,
          maximalStage: stages[client]),
        limits: settings.limits,
        jitter: RandomStream(seed: settings.worker).stream("jitter", client))
    }
    try control.subscribe(to: Topic.all.text)
    watch = ConnectionWatch(
      control: try control.monitor(.attempts), bulk: try bulk.monitor(.attempts),
      updates: try updates.monitor(.attempts), isEncrypted: settings.security.isEncrypted)
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

  private func connect() throws(ZMQError) {
    isConnecting = true
    // Within a process connections are made at once, and no monitor tells of them.
    if !settings.endpoints.control.hasPrefix("inproc:") { watch.begin(now) }
    try bulk.connect(to: settings.endpoints.bulk)
    try updates.connect(to: settings.endpoints.updates)
    try control.connect(to: settings.endpoints.control)
  }

  /// The host's name has addresses; those of IPv6 alone are taken only where there are no others.
  func noteResolved(isIPv6: Bool) throws(ZMQError) {
    unresolved = nil
    if isIPv6 {
      try control.admitIPv6()
      try bulk.admitIPv6()
      try updates.admitIPv6()
    }
    try connect()
  }

  /// The host's name has no address for now.
  func note(_ error: UnresolvedName) { unresolved = error }

  /// A failed connection was looked into.
  func note(_ code: CInt, of socket: BrokerSocket) { watch.note(code, of: socket) }

  /// What keeps this worker from its broker, as far as it shows.
  private var fault: ContactFault? {
    if let unresolved { return .unresolved(unresolved) }
    guard isConnecting else { return settings.endpoints.name.map { .resolving(host: $0) } }
    return watch.fault(at: settings.endpoints, hasHeard: hasHeard, now)
  }

  /// Says what keeps this worker from its broker, when it shows and while it lasts.
  private func reportContact() {
    let now = now
    for socket in watch.toProbe(now) {
      let endpoint = settings.endpoints[socket]
      Thread.detachNewThread { [inbox] in
        _ = inbox.push(.probed(socket, ConnectionProbe.code(of: endpoint)))
      }
    }
    guard now >= ContactNews.patience, let fault, news.isDue(fault, now) else { return }
    report(.noContact(fault))
  }

  /// A client was turned down for now: said at once, together with the others of the same moment.
  func turnDown(_ client: Int, _ reason: RefusalReason, _ detail: String) {
    turnedDown.note(client, reason, detail, now)
  }

  /// Works until all clients' parts have ended.
  func run() throws -> WorkerEnd {
    var poller = Poller()
    let controlToken = poller.add(control)
    let bulkToken = poller.add(bulk)
    let updatesToken = poller.add(updates, for: [])
    _ = poller.add(inbox.wakeup)
    watch.watch(with: &poller)
    defer { isOver.cancel() }
    while !machines.isEmpty {
      try tickAll()
      storeIsStale ? evict() : ()
      try flush()
      poller.watch(updatesToken, for: outgoing.isEmpty ? [] : .writable)
      let wake = machines.values.compactMap(\.wakeTime).min() ?? now + .seconds(5)
      let isCalm = watch.isComplete && hasHeard && turnedDown.isEmpty
      let limit: Duration = isCalm ? .seconds(5) : .milliseconds(200)
      _ = try poller.wait(atMost: max(.zero, min(wake - now, limit)))
      if let refusal = try watch.drain(now) { return .turnedAway(refusal) }
      for event in inbox.drain() { try take(event) }
      if poller.isReadable(controlToken) { try drain(control) }
      if poller.isReadable(bulkToken) { try drain(bulk) }
      reportContact()
      for group in turnedDown.due(now) {
        report(.turnedDown(clients: group.clients, group.reason, detail: group.detail))
      }
      guard try isPatient() else { return .abandoned }
    }
    try flush()
    if unreadable > 0 { report(.unreadable(messages: unreadable)) }
    return end
  }

  /// How long the loop has run.
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

  /// Hands an event to a client's machine and does what it answers.
  func handle(_ event: ClientEvent, for client: Int) throws {
    guard let actions = machines[client]?.handle(event, at: now) else { return }
    for action in actions { try perform(action, for: client) }
  }

  /// Queues a message to the broker; frames are sent in order when there is room.
  func send(_ frames: [Frame]) { outgoing.append(frames) }

  /// Listens to a step's chunks, once for all clients of this worker.
  func listen(to digest: Digest) throws(ZMQError) {
    listeners[digest, default: 0] += 1
    if listeners[digest] == 1 { try bulk.subscribe(to: Topic.step(digest).text) }
  }

  /// Stops listening once no client needs the step's chunks.
  func stopListening(to digest: Digest) throws(ZMQError) {
    guard let count = listeners[digest] else { return }
    listeners[digest] = count > 1 ? count - 1 : nil
    if count == 1 { try bulk.unsubscribe(from: Topic.step(digest).text) }
  }

  /// Remembers that some of what is kept of the model may be of no more use.
  func noteStaleSegments() { storeIsStale = true }

  private func evict() {
    storeIsStale = false
    store.keep(
      steps: machines.values.reduce(into: []) { $0.formUnion($1.interests) },
      segments: machines.values.reduce(into: []) { $0.formUnion($1.heldSegments) })
  }

  private func tickAll() throws {
    let now = now
    for client in settings.clients {
      if let wake = machines[client]?.wakeTime, wake <= now { try handle(.tick, for: client) }
    }
  }

  private func flush() throws(ZMQError) {
    while let frames = outgoing.first {
      guard try updates.send(frames) else { return }
      outgoing.removeFirst()
      if frames.count > 1 { KillPoint.chunkSent.pass() }
    }
  }

  private func drain(_ socket: borrowing Socket) throws {
    let limits = ReceiveLimits(
      frames: 3, size: ByteCount(settings.limits.chunkBytes + Envelope.maximalBytes + 1024))
    // Bounded, so that results and timers get their turn.
    for _ in 0..<256 {
      guard let reception = try socket.receive(limits: limits) else { return }
      lastHeard = now
      hasHeard = true
      guard let message = reception.message else {
        unreadable += 1
        continue
      }
      try take(message)
    }
  }

  private func isPatient() throws(ZMQError) -> Bool {
    let silence = now - lastHeard
    if silence < .seconds(30) {
      nextSilenceReport = .seconds(30)
    } else if silence >= nextSilenceReport {
      if fault == nil { report(.silence(silence)) }
      nextSilenceReport += .seconds(30)
    }
    return silence < settings.patience
  }
}
