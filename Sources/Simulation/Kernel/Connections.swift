package import Wire

/// A topic on one of the broker's two publishing sockets.
package struct Subscription: Hashable, Sendable {
  /// The topic.
  package let topic: Topic
  /// True on the socket of model chunks, false on that of announcements and mailboxes.
  package let isBulk: Bool

  /// A subscription to `topic` on one of the sockets.
  package init(_ topic: Topic, isBulk: Bool) {
    self.topic = topic
    self.isBulk = isBulk
  }
}

/// One connection of a client to the broker, told from its earlier and later ones.
package struct Connection: Hashable, Sendable {
  /// The client.
  package let client: Int
  /// Its number among the client's connections, from 1; 0 before the first.
  package let number: Int
  /// The life of the broker's process that it leads to.
  package let life: Int
}

/// The connections of all clients, as each end knows them.
///
/// A client's end knows what it wants to hear, and tells it anew on each connection. The broker's
/// end knows what was told on each connection until it notices that the connection is gone, which
/// may be long after the next one began: then it takes the client to listen on both.
///
/// ```swift
/// var connections = Connections(clients: 1)
/// let first = connections.begin(0, life: 1)
/// connections.establish(first)
/// connections.subscribed(to: Subscription(.all, isBulk: false), on: first)
/// connections.end(0)
/// connections.lost(first)  // [Subscription(.all, isBulk: false)]
/// ```
package struct Connections: Sendable {
  /// Subscriptions that the broker knows of one connection.
  private struct Known {
    let connection: Connection
    var subscriptions: [Subscription]
  }

  private struct Peer {
    var latest: Connection
    /// The handshakes of the latest connection are done, and neither end has closed it.
    var isOpen = false
    /// The subscriptions that the client tells on each connection, in their order.
    var wanted: [Subscription] = []
    /// Those that the broker knows, by connection; most of the time of one.
    var known: [Known] = []
  }

  private var peers: [Peer]
  /// The clients that listen to the chunks of each step, in rising order.
  private var listeners: [Topic: [Int]] = [:]

  /// Clients none of which has connected yet.
  package init(clients: Int) {
    peers = (0..<clients).map { Peer(latest: Connection(client: $0, number: 0, life: 0)) }
  }

  // MARK: A client's end

  /// Begins a client's next connection, which is open once it is established.
  package mutating func begin(_ client: Int, life: Int) -> Connection {
    let number = peers[client].latest.number + 1
    let connection = Connection(client: client, number: number, life: life)
    peers[client].latest = connection
    peers[client].isOpen = false
    return connection
  }

  /// The handshakes of a connection are done; does nothing if another one was begun since.
  package mutating func establish(_ connection: Connection) {
    guard isLatest(connection) else { return }
    peers[connection.client].isOpen = true
  }

  /// Closes a client's connection; the broker's end learns of it by ``lost(_:)``.
  package mutating func end(_ client: Int) { peers[client].isOpen = false }

  /// The connection of a client that was begun last; of number 0 before the first.
  package func latest(of client: Int) -> Connection { peers[client].latest }

  /// The open connection of a client; nil while there is none.
  package func open(of client: Int) -> Connection? {
    peers[client].isOpen ? peers[client].latest : nil
  }

  /// True while a client has an open connection.
  package func isOpen(_ client: Int) -> Bool { peers[client].isOpen }

  /// True while a connection is open.
  package func isOpen(_ connection: Connection) -> Bool {
    peers[connection.client].isOpen && isLatest(connection)
  }

  /// True until a client begins another connection.
  package func isLatest(_ connection: Connection) -> Bool {
    peers[connection.client].latest == connection
  }

  /// The subscriptions that a client tells on each connection, in their order.
  package func wanted(by client: Int) -> [Subscription] { peers[client].wanted }

  /// Replaces what a client wants to hear, as a new process begins with.
  package mutating func reset(_ client: Int, wanting subscriptions: [Subscription]) {
    peers[client].wanted = subscriptions
  }

  /// A client wants to hear a topic from now on.
  ///
  /// - Returns: True unless it did before.
  package mutating func want(_ subscription: Subscription, by client: Int) -> Bool {
    guard !peers[client].wanted.contains(subscription) else { return false }
    peers[client].wanted.append(subscription)
    return true
  }

  /// A client no longer wants to hear a topic.
  ///
  /// - Returns: True if it did before.
  package mutating func drop(_ subscription: Subscription, by client: Int) -> Bool {
    guard let place = peers[client].wanted.firstIndex(of: subscription) else { return false }
    peers[client].wanted.remove(at: place)
    return true
  }

  // MARK: The broker's end

  /// A subscription has reached the broker's socket.
  package mutating func subscribed(to subscription: Subscription, on connection: Connection) {
    let client = connection.client
    if let place = peers[client].known.firstIndex(where: { $0.connection == connection }) {
      peers[client].known[place].subscriptions.append(subscription)
    } else {
      peers[client].known.append(Known(connection: connection, subscriptions: [subscription]))
    }
    if case .step = subscription.topic, subscription.isBulk {
      let (place, isKnown) = place(of: client, amongListenersTo: subscription.topic)
      if !isKnown { listeners[subscription.topic, default: []].insert(client, at: place) }
    }
  }

  /// The end of a subscription has reached the broker's socket.
  ///
  /// - Returns: True if the broker knew of the subscription.
  @discardableResult
  package mutating func unsubscribed(
    from subscription: Subscription, on connection: Connection
  ) -> Bool {
    let client = connection.client
    guard let place = peers[client].known.firstIndex(where: { $0.connection == connection }),
      let entry = peers[client].known[place].subscriptions.firstIndex(of: subscription)
    else { return false }
    peers[client].known[place].subscriptions.remove(at: entry)
    forgetListener(client, to: subscription)
    return true
  }

  /// The broker notices that a connection is gone, and with it all that was told on it.
  ///
  /// - Returns: The subscriptions that end with it, in the order in which they were told.
  @discardableResult
  package mutating func lost(_ connection: Connection) -> [Subscription] {
    let client = connection.client
    guard let place = peers[client].known.firstIndex(where: { $0.connection == connection })
    else { return [] }
    let known = peers[client].known.remove(at: place)
    for subscription in known.subscriptions { forgetListener(client, to: subscription) }
    return known.subscriptions
  }

  /// The broker's process is gone: its end knows nothing any more, and no connection is open.
  package mutating func reset() {
    for client in peers.indices {
      peers[client].isOpen = false
      peers[client].known = []
    }
    listeners = [:]
  }

  /// True if the broker takes a client to listen to a topic, on any connection.
  package func hears(_ client: Int, _ subscription: Subscription) -> Bool {
    peers[client].known.contains { $0.subscriptions.contains(subscription) }
  }

  /// The open connection of a client, if the broker knows of a subscription on it.
  package func open(of client: Int, hearing subscription: Subscription) -> Connection? {
    guard peers[client].isOpen else { return nil }
    let latest = peers[client].latest
    return hears(subscription, on: latest) ? latest : nil
  }

  /// True if the broker knows of a subscription on this very connection.
  package func hears(_ subscription: Subscription, on connection: Connection) -> Bool {
    for known in peers[connection.client].known where known.connection == connection {
      return known.subscriptions.contains(subscription)
    }
    return false
  }

  /// The clients that the broker takes to listen to the chunks of a step, in rising order.
  package func listeners(to topic: Topic) -> [Int] { listeners[topic] ?? [] }

  /// The number of connections on which the broker knows of a subscription.
  package func count(of subscription: Subscription) -> Int {
    peers.reduce(0) { sum, peer in
      sum + peer.known.count { $0.subscriptions.contains(subscription) }
    }
  }

  private mutating func forgetListener(_ client: Int, to subscription: Subscription) {
    guard case .step = subscription.topic, subscription.isBulk, !hears(client, subscription)
    else { return }
    let (place, isKnown) = place(of: client, amongListenersTo: subscription.topic)
    guard isKnown else { return }
    listeners[subscription.topic]?.remove(at: place)
    if listeners[subscription.topic]?.isEmpty == true { listeners[subscription.topic] = nil }
  }

  /// The place of a client among the listeners to a topic, and whether it is one of them.
  private func place(of client: Int, amongListenersTo topic: Topic) -> (Int, Bool) {
    guard let known = listeners[topic] else { return (0, false) }
    var (place, end) = (known.startIndex, known.endIndex)
    while place < end {
      let middle = (place + end) / 2
      if known[middle] < client { place = middle + 1 } else { end = middle }
    }
    return (place, place < known.endIndex && known[place] == client)
  }
}
