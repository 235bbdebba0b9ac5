package import Ledger
package import Measures
import Wire
package import ZMTP

/// Books what crosses the broker's sockets, from the sizes of real frames.
///
/// Each message is booked twice: in the *socket view*, what the process's connections carry, and in
/// the *client view*, what each client's own link carries (the same where a client is its own
/// worker). Within one process nothing is framed; it is booked as it would be over tcp.
package struct BrokerBooks {
  /// The traffic since the last round was closed.
  private(set) var book = RoundBook()
  /// The bytes of the whole run so far, client view.
  package private(set) var total = TwoWayTraffic.zero
  /// The bytes on the wire of each socket so far, which the kernel's count must equal.
  package private(set) var sockets: [BrokerSocket: TwoWayTraffic] = [:]

  private let cost: ZMTPCost
  private var listeners: [Listener: Int] = [:]
  private var greeted: Set<Int> = []
  /// The clients that each segment was broadcast to in this round.
  private var served: [String: Set<Int>] = [:]

  private struct Listener: Hashable {
    let socket: BrokerSocket
    let topic: String
  }

  /// Empty books for connections with the given mechanism.
  package init(_ mechanism: ZMTPCost.Mechanism) { cost = ZMTPCost(mechanism) }

  /// Goes on with the books of a run that has moved `total` so far.
  package mutating func resume(total: TwoWayTraffic) { self.total = total }

  /// The traffic since the last call; booking goes on with an empty book.
  package mutating func close() -> RoundBook {
    defer {
      book = RoundBook()
      served = [:]
    }
    return book
  }

  /// Counts something that went wrong.
  package mutating func count(_ name: String, by amount: Int = 1) { book.count(name, by: amount) }

  /// A published message to one client's mailbox, or a chunk to many.
  ///
  /// - Parameters:
  ///   - topic: The topic's text.
  ///   - socket: The socket that publishes it.
  ///   - frames: The sizes of all frames.
  ///   - kind: The kind of the message.
  ///   - payload: The model's own bytes in it.
  ///   - clients: The clients whose links carry it.
  ///   - standing: The status of its delivery to them.
  package mutating func published(
    _ topic: String, on socket: BrokerSocket, frames: [Int], kind: TrafficKind, payload: Int,
    to clients: [Int], as standing: DeliveryStatus = .both
  ) {
    let wire = cost.message(frames)
    // A message without listeners leaves no socket.
    let connections =
      standing == .both ? listeners[Listener(socket: socket, topic: topic)] ?? 0 : 0
    add(
      socket, .down, kind, payload: payload * connections, wire: wire.bytes * connections,
      count: connections)
    for client in clients {
      add(client, .down, kind, payload: payload, wire: wire.bytes, as: standing)
    }
  }

  /// A message to all of `clients`, booked in one line because it belongs to none alone.
  package mutating func announced(
    _ topic: String, frames: [Int], kind: TrafficKind = .control, clients: Int
  ) {
    let wire = cost.message(frames)
    let connections = listeners[Listener(socket: .control, topic: topic)] ?? 0
    add(.control, .down, kind, wire: wire.bytes * connections, count: connections)
    add(nil, .down, kind, wire: wire.bytes * clients, count: clients)
  }

  /// A segment is broadcast to these clients.
  package mutating func broadcast(_ topic: String, to clients: [Int]) {
    served[topic, default: []].formUnion(clients)
  }

  /// A client asks again for a chunk that was broadcast to it: that one didn't arrive.
  package mutating func lost(
    _ topic: String, _ client: Int, frames: [Int], kind: TrafficKind, payload: Int
  ) {
    guard served[topic]?.contains(client) == true else { return }
    total.down -= book.retract(
      .client, client: client, .down, kind, payload: ByteCount(payload), wire: cost.message(frames))
  }

  /// A message that a client sent.
  package mutating func received(
    from client: Int, frames: [Int], kind: TrafficKind, payload: Int,
    as standing: DeliveryStatus = .both
  ) {
    let wire = cost.message(frames).bytes
    if standing == .both { add(.updates, .up, kind, payload: payload, wire: wire) }
    add(client, .up, kind, payload: payload, wire: wire, as: standing)
  }

  /// Books a message that belongs to no client.
  package mutating func received(stray frames: [Int], on socket: BrokerSocket = .updates) {
    add(socket, .up, .control, wire: cost.message(frames).bytes)
  }

  /// A subscription, or its cancellation, as an XPUB reports it.
  ///
  /// Also the end of a connection cancels its subscriptions, without a command on the wire: then
  /// the notice wasn't `sent`.
  package mutating func noticed(
    _ notice: SubscriptionNotice, on socket: BrokerSocket, wasSent: Bool
  ) {
    noticed(
      String(decoding: notice.topic, as: UTF8.self), of: notice.topic.count, on: socket,
      isSubscription: notice.isSubscription, wasSent: wasSent)
  }

  /// A subscription to a topic of `length` bytes, or its cancellation.
  package mutating func noticed(
    _ topic: String, of length: Int, on socket: BrokerSocket, isSubscription: Bool, wasSent: Bool
  ) {
    let size = isSubscription ? cost.subscribe(topic: length) : cost.cancel(topic: length)
    if wasSent { add(socket, .up, .handshake, wire: size.bytes) }
    let listener = Listener(socket: socket, topic: topic)
    let count = (listeners[listener] ?? 0) + (isSubscription ? 1 : -1)
    listeners[listener] = count > 0 ? count : nil
  }

  /// Forgets all listeners: the connections are gone.
  package mutating func forgetListeners() { listeners = [:] }

  /// A connection was made.
  package mutating func connected(_ socket: BrokerSocket) {
    let (kind, peer) = socket.kinds
    add(socket, .down, .handshake, wire: cost.handshake(of: kind, isServer: true).bytes)
    add(socket, .up, .handshake, wire: cost.handshake(of: peer, isServer: false).bytes)
  }

  /// Bytes that TCP sent again since the last call.
  package mutating func retransmitted(_ bytes: ByteCount) {
    guard bytes > .zero else { return }
    // Not in `sockets`, which count each byte of a stream once.
    book.book(.socket, client: nil, .down, .retransmission, wire: bytes)
  }

  /// A client joined: what its own three connections and first subscriptions cost its link, once.
  package mutating func greeted(_ client: Int) {
    guard greeted.insert(client).inserted else { return }
    reconnected(client)
  }

  /// The bytes of the handshakes of a client's own three connections in each direction.
  package var handshakes: (down: ByteCount, up: ByteCount) {
    let down =
      2 * cost.handshake(of: .xpub, isServer: true).bytes
      + cost.handshake(of: .pull, isServer: true).bytes
    let up =
      2 * cost.handshake(of: .subscribe, isServer: false).bytes
      + cost.handshake(of: .push, isServer: false).bytes
    return (ByteCount(down), ByteCount(up))
  }

  /// A client connected, again or for the first time.
  package mutating func reconnected(_ client: Int) {
    let (down, up) = handshakes
    let mailbox = cost.subscribe(topic: Topic.client(client).text.utf8.count).bytes
    let all = cost.subscribe(topic: Topic.all.text.utf8.count).bytes
    add(client, .down, .handshake, wire: down.bytes)
    add(client, .up, .handshake, wire: up.bytes + 2 * mailbox + all, count: 4)
  }

  /// A client listened to a segment's chunks, and will stop: the two commands on its own link.
  package mutating func listened(_ client: Int, to topic: String) {
    let length = topic.utf8.count
    let wire = cost.subscribe(topic: length) + cost.cancel(topic: length)
    add(client, .up, .handshake, wire: wire.bytes, count: 2)
  }

  /// Books in the client view.
  private mutating func add(
    _ client: Int?, _ direction: Direction, _ kind: TrafficKind, payload: Int = 0, wire: Int,
    count: Int = 1, as standing: DeliveryStatus = .both
  ) {
    guard count > 0 else { return }
    let traffic = Traffic(payload: ByteCount(payload), wire: ByteCount(wire))
    book.book(
      .client, client: client, direction, kind, payload: traffic.payload, wire: traffic.wire,
      count: count, as: standing)
    if standing.contains(.delivered) { total[direction] += traffic }
  }

  /// Books in the socket view.
  private mutating func add(
    _ socket: BrokerSocket, _ direction: Direction, _ kind: TrafficKind, payload: Int = 0,
    wire: Int, count: Int = 1
  ) {
    guard count > 0 else { return }
    let traffic = Traffic(payload: ByteCount(payload), wire: ByteCount(wire))
    book.book(
      .socket, client: nil, direction, kind, payload: traffic.payload, wire: traffic.wire,
      count: count)
    sockets[socket, default: .zero][direction] += traffic
  }
}

/// One of the broker's three sockets.
package enum BrokerSocket: String, CaseIterable, Sendable {
  /// The XPUB of announcements and mailboxes.
  case control
  /// The XPUB of model chunks.
  case bulk
  /// The PULL of updates.
  case updates

  /// The socket's kind, and that of the workers' sockets that connect to it.
  var kinds: (own: SocketKind, peer: SocketKind) {
    switch self {
    case .control, .bulk: (.xpub, .subscribe)
    case .updates: (.pull, .push)
    }
  }
}
