import Ledger
import Measures
import Wire
import ZeroMQ

/// Books what crosses the broker's sockets, from the sizes of real frames.
///
/// Each message is booked twice: in the *socket view*, what the process's connections carry, and in the
/// *client view*, what each client's own link carries (the same where a client is its own worker).
/// Within one process nothing is framed; it is booked as it would be over tcp.
struct BrokerBooks {
  /// The traffic since the last round was closed.
  private(set) var book = RoundBook()
  /// The bytes of the whole run so far, client view.
  private(set) var total = TwoWayTraffic.zero

  private let cost: ZMTPCost
  private var listeners: [String: Int] = [:]
  private var greeted: Set<Int> = []

  /// Empty books for connections with the given mechanism.
  init(_ mechanism: ZMTPCost.Mechanism) { cost = ZMTPCost(mechanism) }

  /// Goes on with the books of a run that has moved `total` so far.
  mutating func resume(total: TwoWayTraffic) { self.total = total }

  /// The traffic since the last call; booking goes on with an empty book.
  mutating func close() -> RoundBook {
    defer { book = RoundBook() }
    return book
  }

  /// Counts something that went wrong.
  mutating func count(_ name: String) { book.count(name) }

  /// A published message to all, to one client's mailbox, or chunks to many.
  ///
  /// - Parameters:
  ///   - topic: The topic's text.
  ///   - frames: The sizes of all frames.
  ///   - kind: What the message is.
  ///   - payload: The model's own bytes in it.
  ///   - clients: The clients whose links carry it.
  mutating func published(
    _ topic: String, frames: [Int], kind: TrafficKind, payload: Int, to clients: [Int]
  ) {
    let wire = cost.message(frames)
    let sockets = listeners[topic] ?? 0
    add(
      .socket, nil, .down, kind, payload: payload * sockets, wire: wire.bytes * sockets,
      count: sockets)
    for client in clients {
      add(.client, client, .down, kind, payload: payload, wire: wire.bytes)
    }
  }

  /// A message to all of `clients`, booked in one line because it belongs to none alone.
  mutating func announced(_ topic: String, frames: [Int], clients: Int) {
    let wire = cost.message(frames)
    let sockets = listeners[topic] ?? 0
    add(.socket, nil, .down, .control, wire: wire.bytes * sockets, count: sockets)
    add(.client, nil, .down, .control, wire: wire.bytes * clients, count: clients)
  }

  /// A message that a client sent.
  mutating func received(from client: Int, frames: [Int], kind: TrafficKind, payload: Int) {
    let wire = cost.message(frames).bytes
    add(.socket, nil, .up, kind, payload: payload, wire: wire)
    add(.client, client, .up, kind, payload: payload, wire: wire)
  }

  /// A message that is nobody's.
  mutating func received(stray frames: [Int]) {
    add(.socket, nil, .up, .control, wire: cost.message(frames).bytes)
  }

  /// A subscription, or its cancellation, as an XPUB reports it.
  mutating func noticed(_ topic: String, isSubscription: Bool) {
    let size =
      isSubscription
      ? cost.subscribe(topic: topic.utf8.count) : cost.cancel(topic: topic.utf8.count)
    add(.socket, nil, .up, .control, wire: size.bytes)
    let count = (listeners[topic] ?? 0) + (isSubscription ? 1 : -1)
    listeners[topic] = count > 0 ? count : nil
  }

  /// A connection of a socket of `kind` was made.
  mutating func connected(_ kind: SocketKind, peer: SocketKind) {
    add(
      .socket, nil, .down, .handshake, wire: cost.handshake(of: kind, isServer: true).bytes)
    add(.socket, nil, .up, .handshake, wire: cost.handshake(of: peer, isServer: false).bytes)
  }

  /// A client joined: what its own three connections and first subscriptions cost its link, once.
  mutating func greeted(_ client: Int) {
    guard greeted.insert(client).inserted else { return }
    let down =
      2 * cost.handshake(of: .xpub, isServer: true).bytes
      + cost.handshake(of: .pull, isServer: true).bytes
    let up =
      2 * cost.handshake(of: .subscribe, isServer: false).bytes
      + cost.handshake(of: .push, isServer: false).bytes
    let mailbox = cost.subscribe(topic: Topic.client(client).text.utf8.count).bytes
    let all = cost.subscribe(topic: Topic.all.text.utf8.count).bytes
    add(.client, client, .down, .handshake, wire: down)
    add(.client, client, .up, .handshake, wire: up)
    add(.client, client, .up, .control, wire: 2 * mailbox + all, count: 3)
  }

  /// A client listened to a segment's chunks, and will stop: the two commands on its own link.
  mutating func listened(_ client: Int, to topic: String) {
    let length = topic.utf8.count
    let wire = cost.subscribe(topic: length) + cost.cancel(topic: length)
    add(.client, client, .up, .control, wire: wire.bytes, count: 2)
  }

  private mutating func add(
    _ view: View, _ client: Int?, _ direction: Direction, _ kind: TrafficKind, payload: Int = 0,
    wire: Int, count: Int = 1
  ) {
    guard count > 0 else { return }
    let traffic = Traffic(payload: ByteCount(payload), wire: ByteCount(wire))
    book.book(
      view, client: client, direction, kind, payload: traffic.payload, wire: traffic.wire,
      count: count)
    guard view == .client else { return }
    switch direction {
    case .down: total.down += traffic
    case .up: total.up += traffic
    }
  }
}
