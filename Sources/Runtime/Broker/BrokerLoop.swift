import Bytes
import Federation
import Ledger
import Measures
import Server
import Wire
import ZMTP
import ZeroMQ

/// The thread of a broker: owns its three sockets and drives the round engine.
///
/// Slow work happens in the server's queue; only its results come back here. Made and run on one thread.
final class BrokerLoop {
  let plan: BrokerPlan
  let server: ServerQueue
  let inbox: Inbox<BrokerInput>
  let observer: any RunObserver
  /// Where the sockets are bound, with the ports that `*` became.
  let endpoints: Endpoints

  /// Who decides which keys may play which clients; nil where connections aren't authenticated.
  let gatekeeper: AccessControl?
  private var door: Authenticator?
  private let control: Socket
  private let bulk: Socket
  private let updates: Socket
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// How long the run had lasted when this loop began.
  private var base: Duration = .zero

  var machine: BrokerMachine
  var books: BrokerBooks
  var meters = MeterSchedule()
  /// The last meter reading of the run, and the last round that was closed; nil where there are none.
  private(set) var lastReading: MeterReading?
  var lastRound: Int?
  private var watchers: ConnectionMonitors
  private var notices: [(notice: SubscriptionNotice, socket: BrokerSocket)] = []
  /// The bytes of all steps to the announced model.
  var steps: [Digest: SharedBuffer] = [:]
  var uploads: [Int: [UInt8]] = [:]
  /// The message that is being handled, whose payload a chunk's receipt takes.
  var current: ZeroMQ.Message?
  var result: Bool?
  /// The run was given up, as too few clients were there.
  var isGivenUp = false
  /// What each connection did.
  var connections: ConnectionGuard
  /// Where the run's events are written.
  let log: RunLog
  /// Who plays each client, where connections are authenticated.
  var owners: [Int: ClientOwner] = [:]
  /// The last round that was announced.
  var announced = 0

  /// A loop on sockets that are bound.
  init(
    plan: BrokerPlan, settings: BrokerSettings, sockets: consuming BrokerSockets,
    server: ServerQueue, inbox: Inbox<BrokerInput>, observer: any RunObserver, log: RunLog
  ) {
    self.plan = plan
    self.server = server
    self.inbox = inbox
    self.observer = observer
    machine = BrokerMachine(plan: plan)
    books = BrokerBooks(settings.security.mechanism)
    gatekeeper = settings.security.gatekeeper
    connections = ConnectionGuard(
      settings.connectionLimits ?? ConnectionLimits(clients: plan.clients, limits: plan.limits))
    self.log = log
    start = clock.now
    door = sockets.door
    control = sockets.control
    bulk = sockets.bulk
    updates = sockets.updates
    watchers = sockets.watchers
    endpoints = sockets.endpoints
  }

  /// Has the loop go on with a run, before ``run()``; the updates that were offered so are in the spool.
  func resume(_ resumption: Resumption, stored: [Int: Submission]) {
    base = resumption.elapsed
    books.resume(total: resumption.total)
    if resumption.epoch > 1 { books.count("broker restart") }
    machine = BrokerMachine(
      plan: plan, round: resumption.round, at: now, stored: stored,
      history: resumption.state?.history ?? ParticipationHistory())
  }

  /// Runs all rounds; true if they are complete, false if the broker was stopped before.
  ///
  /// - Throws: what went wrong in the server's queue, or `ZMQError`.
  func run() throws -> Bool {
    let inbox = inbox
    let watch = SubscriptionWatch(
      [endpoints.control, endpoints.bulk], limits: connections.limits
    ) { _ = inbox.push(.subscriberCut) }
    watch.start()
    defer { watch.stop() }
    var poller = Poller()
    let controlToken = poller.add(control)
    let bulkToken = poller.add(bulk)
    let updatesToken = poller.add(updates)
    _ = poller.add(inbox.wakeup)
    watchers.watch(with: &poller)
    door?.watch(with: &poller)
    try handle(.tick)
    while true {
      if let result, meters.round == nil { return result }
      let wake = [machine.wakeTime, meters.wakeTime].compactMap { $0 }.min()
      let wait = notices.isEmpty ? (wake ?? now + .seconds(1)) - now : .zero
      let inspection = (connections.wakeTime ?? now + .seconds(1)) - now
      _ = try poller.wait(atMost: max(.zero, min(wait, inspection, .seconds(1))))
      try door?.serve()
      try watchers.drain { socket, event in noticed(event, at: socket) }
      if poller.isReadable(controlToken) { try readNotices(control, .control) }
      if poller.isReadable(bulkToken) { try readNotices(bulk, .bulk) }
      for verdict in connections.inspect(now) { cut(verdict) }
      try takeNotices()
      try compareMeters()
      // Nothing may be booked that the last reading hasn't seen.
      if let result, meters.round == nil { return result }
      for input in inbox.drain() { try take(input) }
      if poller.isReadable(updatesToken) { try takeUpdates() }
      try handle(.tick)
    }
  }

  /// How long the run has lasted.
  var now: Duration { base + (clock.now - start) }

  /// Hands an event to the round engine and does what it answers.
  func handle(_ event: BrokerEvent) throws(ZMQError) {
    for action in machine.handle(event, at: now) { try perform(action) }
  }

  /// Makes the books know who listens now, before a message is booked that is published on this socket.
  func listen(on socket: BrokerSocket) throws(ZMQError) {
    switch socket {
    case .control: try readNotices(control, .control)
    case .bulk: try readNotices(bulk, .bulk)
    case .updates: break
    }
  }

  /// Publishes a message on the control or the bulk socket.
  func publish(_ frames: [Frame], onBulk: Bool) throws(ZMQError) {
    // An XPUB never waits: for a subscriber whose queue is full the message is dropped, and repaired.
    if onBulk { _ = try bulk.send(frames) } else { _ = try control.send(frames) }
  }

  /// Reads and books what an XPUB noticed; the round engine is told by ``takeNotices()``.
  private func readNotices(
    _ socket: borrowing Socket, _ name: BrokerSocket
  ) throws(ZMQError) {
    let limits = ReceiveLimits(frames: 1, size: ByteCount(1024))
    // Bounded, so that a flood of subscriptions doesn't keep all else waiting.
    for _ in 0..<4096 {
      guard let reception = try socket.receive(limits: limits) else { return }
      guard let message = reception.message, let notice = SubscriptionNotice(message) else {
        books.count("malformed subscription")
        if let message = reception.message { books.received(stray: message.frameSizes, on: name) }
        continue
      }
      // The end of a connection is told without the peer's address; within a process nobody has one.
      let wasSent = notice.isSubscription || message.peerAddress != nil
      books.noticed(notice, on: name, wasSent: wasSent)
      let verdict = connections.subscribed(
        message.sourceDescriptor, key: message.userID, isSubscription: notice.isSubscription,
        isKnown: Topic(String(decoding: notice.topic, as: UTF8.self)) != nil, at: name)
      if let verdict { cut(verdict) }
      notices.append((notice, name))
    }
  }

  private func takeNotices() throws(ZMQError) {
    var next = 0
    while next < notices.count {  // handling one may bring new ones
      let (notice, socket) = notices[next]
      next += 1
      guard let topic = Topic(String(decoding: notice.topic, as: UTF8.self)) else {
        books.count("subscription to an unknown topic")
        continue
      }
      // Presence is told by mailboxes on the control socket, readiness by chunks on the bulk socket.
      if case .step = topic { guard socket == .bulk else { continue } }
      if case .client = topic { guard socket == .control else { continue } }
      try handle(notice.isSubscription ? .subscribed(topic) : .unsubscribed(topic))
    }
    notices.removeAll(keepingCapacity: true)
  }

  /// Compares the ledger with the kernel's count when a stage has ended, or the run.
  private func compareMeters() throws(ZMQError) {
    guard let round = meters.round, meters.isDue(at: now) else { return }
    try readNotices(control, .control)
    try readNotices(bulk, .bulk)
    guard let page = watchers.page(books) else {
      _ = meters.keeps(agreeing: true, at: now)
      return
    }
    let reading = watchers.reading(of: page)
    guard meters.keeps(agreeing: reading.agrees, at: now) else { return }
    watchers.advance(page)
    for line in reading.lines { books.retransmitted(line.retransmitted) }
    if result == nil { server.note(reading, after: round) } else { lastReading = reading }
  }

  private func takeUpdates() throws(ZMQError) {
    let limits = ReceiveLimits(
      frames: 2, size: ByteCount(plan.limits.chunkBytes + Envelope.maximalBytes))
    // Bounded, so that timers and results get their turn.
    for _ in 0..<256 {
      guard let reception = try updates.receive(limits: limits) else { return }
      switch reception {
      case .message(let message): try take(message)
      case .excess(let excess):
        books.count("message beyond the limits")
        books.received(stray: [excess.size.bytes])
      }
    }
  }
}
