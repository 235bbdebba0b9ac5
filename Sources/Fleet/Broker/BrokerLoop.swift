import Digests
import Federation
import Ledger
import Measures
import Wire
import ZeroMQ

/// The thread of a broker: owns its three sockets and drives the round engine.
///
/// Slow work happens at the model's keeper; only its results come back here. Made and run on one thread.
final class BrokerLoop {
  let plan: BrokerPlan
  let keeper: KeeperQueue
  let inbox: Inbox<BrokerInput>
  let observer: any RunObserver
  /// Where the sockets are bound, with the ports that `*` became.
  let endpoints: Endpoints

  /// Who decides which keys may play which clients; nil where connections aren't authenticated.
  let gatekeeper: Gatekeeper?
  private var door: Door?
  private let control: Socket
  private let bulk: Socket
  private let updates: Socket
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// How long the run had lasted when this loop began.
  private var base: Duration = .zero

  var machine: BrokerMachine
  var books: BrokerBooks
  /// The bytes of all steps to the announced model.
  var steps: [Digest: SharedBuffer] = [:]
  var uploads: [Int: [UInt8]] = [:]
  /// The message that is being handled, whose payload a chunk's receipt takes.
  var current: ZeroMQ.Message?
  var result: Bool?
  /// Who plays each client, where connections are authenticated.
  var players: [Int: Player] = [:]
  /// The last round that was announced.
  var announced = 0

  /// Binds the sockets of a broker.
  init(
    plan: BrokerPlan, settings: BrokerSettings, modelBytes: Int, context: Context,
    keeper: KeeperQueue, inbox: Inbox<BrokerInput>, observer: any RunObserver
  ) throws(ZMQError) {
    self.plan = plan
    self.keeper = keeper
    self.inbox = inbox
    self.observer = observer
    machine = BrokerMachine(plan: plan)
    books = BrokerBooks(settings.security.mechanism)
    gatekeeper = settings.security.gatekeeper
    start = clock.now
    // Before anything is bound: who knocks at a door without a keeper is turned away.
    door = if let gatekeeper { try Door(in: context, gatekeeper) } else { nil }
    var publishing = SocketOptions()
    publishing.maximumFrame = ByteCount(1024)  // subscriptions are all that arrives
    publishing.security = settings.security.option
    publishing.sendHighWaterMark = 1000 + 4 * plan.clients
    control = try Socket(.xpub, in: context, options: publishing)
    // A slow reader may have two whole models waiting; what is beyond that it asks for again.
    publishing.sendHighWaterMark = 1024 + 2 * (modelBytes / plan.limits.chunkBytes + 64)
    bulk = try Socket(.xpub, in: context, options: publishing)
    var pulling = SocketOptions()
    pulling.receiveHighWaterMark = 4
    pulling.security = settings.security.option
    pulling.maximumFrame = ByteCount(max(plan.limits.chunkBytes, Envelope.maximalBytes))
    updates = try Socket(.pull, in: context, options: pulling)
    endpoints = Endpoints(
      control: try control.bind(to: settings.endpoints.control),
      bulk: try bulk.bind(to: settings.endpoints.bulk),
      updates: try updates.bind(to: settings.endpoints.updates))
  }

  /// Has the loop go on with a run, before ``run()``; the updates that were offered so are in the spool.
  func resume(_ resumption: Resumption, stored: [Int: Offer]) {
    base = resumption.elapsed
    books.resume(total: resumption.total)
    if resumption.epoch > 1 { books.count("broker restart") }
    machine = BrokerMachine(plan: plan, round: resumption.round, at: now, stored: stored)
  }

  /// Runs all rounds; true if they are complete, false if the broker was stopped before.
  ///
  /// - Throws: what went wrong at the model's keeper, or `ZMQError`.
  func run() throws -> Bool {
    var poller = Poller()
    let controlToken = poller.add(control)
    let bulkToken = poller.add(bulk)
    let updatesToken = poller.add(updates)
    _ = poller.add(inbox.wakeup)
    var watchers = Watchers(
      control: try control.monitor(), bulk: try bulk.monitor(), updates: try updates.monitor())
    watchers.watch(with: &poller)
    door?.watch(with: &poller)
    try handle(.tick)
    while true {
      if let result { return result }
      let wait = (machine.wakeTime ?? now + .seconds(1)) - now
      _ = try poller.wait(atMost: max(.zero, min(wait, .seconds(1))))
      try door?.serve()
      try watchers.drain { socket, event in noticed(event, at: socket) }
      if poller.isReadable(controlToken) { try takeNotices(control, isControl: true) }
      if poller.isReadable(bulkToken) { try takeNotices(bulk, isControl: false) }
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

  /// Publishes a message on the control or the bulk socket.
  func publish(_ frames: [Frame], onBulk: Bool) throws(ZMQError) {
    // An XPUB never waits: for a subscriber whose queue is full the message is dropped, and repaired.
    if onBulk { _ = try bulk.send(frames) } else { _ = try control.send(frames) }
  }

  private func noticed(_ event: MonitorEvent.Kind, at socket: SocketKind) {
    switch event {
    case .handshakeSucceeded:
      books.connected(socket, peer: socket == .pull ? .push : .subscribe)
    case .authenticationFailed: books.count("connection refused: unknown key")
    case .protocolFailed(let code): books.count("connection refused: \(HandshakeFault(code))")
    case .handshakeFailed: books.count("connection refused: broken handshake")
    case .connected, .accepted, .disconnected, .retryScheduled, .listening, .closed, .other: break
    }
  }

  private func takeNotices(
    _ socket: borrowing Socket, isControl: Bool
  ) throws(ZMQError) {
    let limits = ReceiveLimits(frames: 1, size: ByteCount(1024))
    for _ in 0..<1024 {
      guard let reception = try socket.receive(limits: limits) else { return }
      guard let message = reception.message, let notice = SubscriptionNotice(message) else {
        books.count("malformed subscription")
        continue
      }
      let text = String(decoding: notice.topic, as: UTF8.self)
      books.noticed(text, isSubscription: notice.isSubscription)
      guard let topic = Topic(text) else {
        books.count("subscription to an unknown topic")
        continue
      }
      // Presence is told by mailboxes on the control socket, readiness by chunks on the bulk socket.
      if case .step = topic { guard !isControl else { continue } }
      if case .client = topic { guard isControl else { continue } }
      try handle(notice.isSubscription ? .subscribed(topic) : .unsubscribed(topic))
    }
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
