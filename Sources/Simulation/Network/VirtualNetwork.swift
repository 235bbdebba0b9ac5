import Ledger
import Links
import Measures
import Server
import Wire
import ZMTP

/// The network of simulated time: connections over modelled links, which carry messages by their
/// sizes.
///
/// It owns the events of the simulation and the broker's books: each message is put into the queue
/// for the moment at which it is through, and booked with the bytes of its frames.
struct VirtualNetwork {
  /// The events that wait, and the simulated time.
  var events = EventQueue<VirtualEvent>()
  /// The books of what crosses the broker's sockets.
  var books = BrokerBooks(.null)
  /// The connections, and the subscriptions on them.
  private(set) var connections: Connections
  private var lines: [AccessLine]
  private var bottlenecks: [DuplexLink]
  private var broker: DuplexLink?
  /// Segments that links had to carry again, since somebody asked.
  private var resent = 0
  private let cost = ZMTPCost(.null)

  /// The time after which the broker takes a connection for dead of which it heard nothing.
  private static let silence = Duration.seconds(30)

  /// The links of a fleet in which no client is connected yet, for chunks of at most `chunk` bytes.
  init(_ fleet: VirtualFleet, chunk: Int, run: RandomStream) {
    connections = Connections(clients: fleet.members.count)
    lines = fleet.members.map { AccessLine($0, chunk: chunk, run: run) }
    bottlenecks = fleet.bottlenecks
    broker = fleet.broker
    for client in lines.indices { forgetWants(of: client) }
  }

  /// The simulated time since the run's beginning.
  var now: Duration { events.now }

  /// The segments that links had to carry again since the last call.
  mutating func takeResent() -> Int {
    defer { resent = 0 }
    return resent
  }

  // MARK: Links

  /// A client that isn't there yet has no connection, but its way is free.
  mutating func keepOff(_ client: Int) {
    lines[client].link.cut(.reset, at: now)
    lines[client].link.restore()
  }

  /// Makes the way to a client passable again.
  mutating func restore(_ client: Int) { lines[client].link.restore() }

  /// Lets nothing through to or from a client until a time, without loss.
  mutating func stall(_ client: Int, until time: Duration) {
    lines[client].link.stall(at: now, until: time)
  }

  /// Multiplies the rates of a client's link from now on.
  mutating func scaleRate(of client: Int, by factor: Double) {
    lines[client].scaleRate(by: factor, at: now)
  }

  // MARK: Connections

  /// Begins a new connection to the broker of this life, unless the way is barred.
  mutating func connect(_ client: Int, life: Int) {
    guard lines[client].link.reconnect(at: now) else { return }
    let connection = connections.begin(client, life: life)
    lines[client].beginConnection()
    let (down, up) = books.handshakes
    // One round trip for TCP, then both sides greet at once and say that they are ready.
    let greeted = lines[client].link.up.send(up, at: now).transit?.arrival ?? now
    let answered = lines[client].link.down.send(down, at: now).transit?.arrival ?? now
    events.insert(.connected(connection), at: max(greeted, answered) + lines[client].roundTrip)
  }

  /// The handshakes are done: the sockets say what they listen to, and send what waited.
  ///
  /// - Returns: True unless the connection is gone by now.
  mutating func establish(_ connection: Connection) -> Bool {
    let client = connection.client
    guard lines[client].link.isConnected, connections.isLatest(connection) else { return false }
    connections.establish(connection)
    for socket in BrokerSocket.allCases { books.connected(socket) }
    if connection.number > 1 { books.reconnected(client) }
    var waiting = lines[client].outgoing
    lines[client].outgoing.removeAll()
    for subscription in connections.wanted(by: client) {
      sendUp(client, command(.subscription(subscription), to: subscription.topic))
    }
    while let message = waiting.first {
      waiting.removeFirst()
      switch message.content {
      case .subscription, .cancellation: continue  // they were told anew
      case .uplink, .downlink: sendUp(client, message)
      }
    }
    return true
  }

  /// Ends a client's connection; the broker learns of it as the kind of end lets it.
  ///
  /// - Returns: True if there was one, or one was about to be.
  mutating func disconnect(_ client: Int, _ how: Disconnect) -> Bool {
    guard lines[client].link.isConnected else { return false }
    let delay = lines[client].link.up.model.profile.delay
    lines[client].link.cut(how, at: now)
    connections.end(client)
    lines[client].incoming.removeAll()
    let notice = how.isNoticed ? delay : Self.silence
    // Behind what is still on its way up.
    events.insert(
      .gone(connections.latest(of: client)),
      at: now + notice + (how == .clean ? .milliseconds(1) : .zero))
    return true
  }

  /// The broker's end learns that a connection is gone, and with it all that was told on it.
  ///
  /// - Returns: The subscriptions that end, each to be booked by ``bookEnd(of:)``.
  mutating func lost(_ connection: Connection) -> [Subscription] {
    connections.lost(connection)
  }

  /// Books that a subscription ended with its connection.
  mutating func bookEnd(of subscription: Subscription) {
    books.noticed(subscription, isSubscription: false, wasSent: false)
  }

  /// The broker's process is gone, and with it all that it was told.
  mutating func forgetSubscriptions() {
    connections.reset()
    books.forgetListeners()
  }

  // MARK: Subscriptions

  /// A client wants to hear a topic: the broker is told now, if there is a connection, and on each
  /// later one.
  mutating func subscribe(_ client: Int, to subscription: Subscription) {
    guard connections.want(subscription, by: client), connections.isOpen(client) else { return }
    sendUp(client, command(.subscription(subscription), to: subscription.topic))
  }

  /// A client no longer wants to hear a topic.
  mutating func unsubscribe(_ client: Int, from subscription: Subscription) {
    guard connections.drop(subscription, by: client), connections.isOpen(client) else { return }
    sendUp(client, command(.cancellation(subscription), to: subscription.topic))
  }

  /// A client's process is a new one: it wants its mailbox and announcements, and sends nothing of
  /// before.
  mutating func startAnew(_ client: Int) {
    lines[client].outgoing.removeAll()
    forgetWants(of: client)
  }

  private mutating func forgetWants(of client: Int) {
    connections.reset(
      client,
      wanting: [
        Subscription(.client(client), isBulk: false), Subscription(.client(client), isBulk: true),
        Subscription(.all, isBulk: false),
      ])
  }

  private func command(_ content: SimulatedMessage.Content, to topic: Topic) -> SimulatedMessage {
    let length = topic.text.utf8.count
    var size = cost.subscribe(topic: length)
    if case .cancellation = content { size = cost.cancel(topic: length) }
    return SimulatedMessage(content, frames: [], kind: .control, wire: size.bytes)
  }

  /// A subscription has reached the broker's sockets, or its end.
  mutating func noticed(_ subscription: Subscription, isSubscription: Bool, of client: Int) {
    books.noticed(subscription, isSubscription: isSubscription, wasSent: true)
    let connection = connections.latest(of: client)
    if isSubscription {
      connections.subscribed(to: subscription, on: connection)
    } else {
      connections.unsubscribed(from: subscription, on: connection)
    }
  }

  // MARK: From the broker to clients

  /// Puts messages on the broker's own link that none of their clients needs, up to what a
  /// publisher's queue holds.
  mutating func occupyBroker(with size: ByteCount) {
    let now = now
    guard let waiting = broker?.down.waiting(at: now), waiting.bytes < 64 << 20 else { return }
    _ = broker?.down.send(size, at: now)
  }

  /// Hands a message to the broker's socket, or puts it behind the chunks that wait for the same
  /// client.
  mutating func sendDown(_ client: Int, _ message: SimulatedMessage, isBulk: Bool) {
    guard isBulk else { return transmitDown(client, message, isBulk: false) }
    lines[client].incoming.append(message)
    pump(client)
  }

  /// Lets as many chunks go as keep a client's link busy.
  ///
  /// What is beyond waits in the broker's queue, so that a slow client doesn't hold up what others
  /// share.
  private mutating func pump(_ client: Int) {
    while let message = lines[client].nextChunk() { transmitDown(client, message, isBulk: true) }
  }

  private mutating func transmitDown(_ client: Int, _ message: SimulatedMessage, isBulk: Bool) {
    let (now, size) = (now, ByteCount(message.wire))
    var (first, last) = (now, now)
    if broker != nil {
      guard let transit = broker?.down.send(size, at: now).transit else {
        return lose(client, isBulk: isBulk)
      }
      (first, last) = (transit.firstArrival, transit.arrival)
    }
    if let place = lines[client].bottleneck {
      let delivery = bottlenecks[place].down.send(size, firstByteAt: first, lastByteAt: last)
      guard let transit = delivery.transit else { return lose(client, isBulk: isBulk) }
      (first, last) = (transit.firstArrival, transit.arrival)
    }
    lastHop(client, message, first: first, last: last, isBulk: isBulk)
  }

  /// A message comes to a client's own link.
  private mutating func lastHop(
    _ client: Int, _ message: SimulatedMessage, first: Duration, last: Duration, isBulk: Bool
  ) {
    let delivery = lines[client].link.down.send(
      ByteCount(message.wire), firstByteAt: first, lastByteAt: last)
    switch delivery {
    case .carried(let transit):
      resent += transit.retransmitted
      events.insert(
        .network(.arriveDown(client, message, transit, isBulk: isBulk)), at: transit.arrival)
    case .refused(let time):
      events.insert(
        .network(.lastHopDown(message, isBulk: isBulk, on: connections.latest(of: client))),
        at: time)
    case .dropped, .vanished, .disconnected: lose(client, isBulk: isBulk)
    }
  }

  private mutating func lose(_ client: Int, isBulk: Bool) {
    books.count("message lost on its way down")
    guard isBulk else { return }
    lines[client].inFlight -= 1
    // The next ones go the same way, but not within the same breath.
    if connections.isOpen(client) { pump(client) }
  }

  // MARK: From clients to the broker

  /// Hands a message to a client's socket: it goes when there is a connection with a place for it.
  mutating func sendUp(_ client: Int, _ message: SimulatedMessage) {
    lines[client].outgoing.append(message)
    flush(client)
  }

  /// Sends what waits at a client, in its order.
  private mutating func flush(_ client: Int) {
    while connections.isOpen(client), let message = lines[client].outgoing.first {
      switch lines[client].link.up.send(ByteCount(message.wire), at: now) {
      case .carried(let transit):
        resent += transit.retransmitted
        leaveOwnLink(client, message, transit)
      case .refused(let time):
        events.insert(.network(.flushUp(client)), at: time)
        return
      case .disconnected: return
      case .dropped, .vanished: lose(message, of: client)
      }
      lines[client].outgoing.removeFirst()
    }
  }

  private mutating func leaveOwnLink(
    _ client: Int, _ message: SimulatedMessage, _ transit: Transit
  ) {
    let isShared = lines[client].bottleneck != nil
    guard isShared || broker != nil else {
      events.insert(.network(.arriveUp(client, message, transit)), at: transit.arrival)
      return
    }
    events.insert(
      .network(.hopUp(client, message, own: transit, last: transit, isLast: !isShared)),
      at: transit.firstArrival)
  }

  /// A message's first byte comes to a link that is shared: the neighbours' first, the broker's
  /// last.
  private mutating func hopUp(
    _ client: Int, _ message: SimulatedMessage, own: Transit, last: Transit, isLast: Bool
  ) {
    let delivery: Delivery?
    if !isLast, let place = lines[client].bottleneck {
      delivery = bottlenecks[place].up.forward(last)
    } else {
      delivery = broker?.up.forward(last)
    }
    guard let transit = delivery?.transit else { return lose(message, of: client) }
    if !isLast, broker != nil {
      events.insert(
        .network(.hopUp(client, message, own: own, last: transit, isLast: true)),
        at: transit.firstArrival)
    } else {
      events.insert(.network(.arriveUp(client, message, own)), at: transit.arrival)
    }
  }

  /// A client's message is gone: it was offered, not delivered.
  private mutating func lose(_ message: SimulatedMessage, of client: Int) {
    books.count("message lost on its way up")
    guard case .uplink = message.content else { return }
    books.received(
      from: client, frames: message.frames, kind: message.kind, payload: message.payload,
      as: .offered)
  }

  // MARK: Arrivals

  /// Plays an event on a message's way.
  ///
  /// - Returns: The message that has come through by it, if one has.
  mutating func happen(_ event: NetworkEvent) -> Arrival? {
    switch event {
    case .arriveDown(let client, let message, let transit, let isBulk):
      return arriveDown(client, message, transit, isBulk: isBulk)
    case .lastHopDown(let message, let isBulk, let connection):
      guard connections.isLatest(connection) else { return nil }
      lastHop(connection.client, message, first: now, last: now, isBulk: isBulk)
    case .flushUp(let client): flush(client)
    case .hopUp(let client, let message, let own, let last, let isLast):
      hopUp(client, message, own: own, last: last, isLast: isLast)
    case .arriveUp(let client, let message, let transit):
      return arriveUp(client, message, transit)
    }
    return nil
  }

  private mutating func arriveDown(
    _ client: Int, _ message: SimulatedMessage, _ transit: Transit, isBulk: Bool
  ) -> Arrival? {
    switch lines[client].link.down.confirm(transit) {
    case .later(let transit):
      events.insert(
        .network(.arriveDown(client, message, transit, isBulk: isBulk)), at: transit.arrival)
      return nil
    case .lost:
      // The connection's queue went with it.
      books.count("message lost on its way down")
      return nil
    case .arrived: break
    }
    if isBulk {
      lines[client].inFlight -= 1
      pump(client)
    }
    guard case .downlink(let content) = message.content else { return nil }
    return .atClient(client, content)
  }

  private mutating func arriveUp(
    _ client: Int, _ message: SimulatedMessage, _ transit: Transit
  ) -> Arrival? {
    switch lines[client].link.up.confirm(transit) {
    case .later(let transit):
      events.insert(.network(.arriveUp(client, message, transit)), at: transit.arrival)
    case .lost: lose(message, of: client)
    case .arrived: return .atBroker(client, message)
    }
    return nil
  }
}

extension BrokerBooks {
  /// Books a subscription, or its end.
  fileprivate mutating func noticed(
    _ subscription: Subscription, isSubscription: Bool, wasSent: Bool
  ) {
    let text = subscription.topic.text
    noticed(
      text, of: text.utf8.count, on: subscription.isBulk ? .bulk : .control,
      isSubscription: isSubscription, wasSent: wasSent)
  }
}
