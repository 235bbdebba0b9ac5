import Measures
package import Server
package import ZeroMQ

/// The record of what each connection of a broker did, to find those that are to be cut for it.
///
/// ZeroMQ bounds messages, not peers: one that sends a message of endlessly many frames, or
/// subscribes to endlessly many topics, fills the process's memory. This sees it from outside, by
/// descriptors: the monitors report connections, each message names its own, and the kernel says
/// how much was taken in.
package struct ConnectionGuard: Sendable {
  /// A reason to cut a connection.
  package enum Offence: String, Sendable {
    case tooMany = "too many connections"
    case silent = "nothing said, and others wait"
    case unfinished = "unfinished messages"
    case subscriptions = "too many subscriptions"
    case malformed = "malformed messages"
    case removedKey = "key no longer on the allow-list"
  }

  /// A connection to cut, and why.
  package struct Verdict: Hashable, Sendable {
    /// The connection's descriptor.
    package var descriptor: CInt
    /// The offence.
    package var offence: Offence

    /// A verdict on a connection.
    package init(descriptor: CInt, offence: Offence) {
      self.descriptor = descriptor
      self.offence = offence
    }
  }

  private struct Connection {
    /// The time at which it was made.
    let accepted: Duration
    /// It subscribed to something, or a message of it was read.
    var hasSpoken = false
    var key: String?
    var subscriptions = 0
    var unknownTopics = 0
    var malformed = 0
    /// The bytes that libzmq had taken in when the last message was known to be complete.
    var completed = 0
    /// The last time at which it brought an offer or a chunk of an update that is awaited.
    var offered: Duration?
    /// A message came since the last inspection.
    var hasDelivered = true
    /// The messages without payload that it may send at once now, and when that was computed.
    var allowance: Double
    var counted: Duration
    /// The time at which it was last told that it sends too much.
    var answered: Duration?

    /// One that is made now, and may send `burst` messages at once.
    init(burst: Int, at now: Duration) {
      accepted = now
      counted = now
      allowance = Double(burst)
    }

    /// Gives it back what it may send since the last time.
    mutating func refill(_ perSecond: Int, upTo most: Int, _ now: Duration) {
      allowance = min(Double(most), allowance + (now - counted).seconds * Double(perSecond))
      counted = now
    }
  }

  package let limits: ConnectionLimits
  private var connections: [BrokerSocket: [CInt: Connection]] = [:]
  private var nextInspection = Duration.zero
  /// The number of subscriptions of all connections.
  private var subscriptions = 0

  /// A guard that knows of no connections yet.
  package init(_ limits: ConnectionLimits) { self.limits = limits }

  /// The number of connections.
  package var count: Int { connections.values.reduce(0) { $0 + $1.count } }

  /// When to inspect next: often, since a fast peer sends much in little time; less often the more
  /// there are.
  package var wakeTime: Duration? { count == 0 ? nil : nextInspection }

  /// A connection came, went, or did something else.
  package mutating func note(
    _ event: MonitorEvent.Kind, at socket: BrokerSocket, _ now: Duration
  ) -> Verdict? {
    switch event {
    case .accepted(let descriptor):
      connections[socket, default: [:]][descriptor] = Connection(burst: limits.burst, at: now)
      return excess(after: descriptor, now)
    case .disconnected(let descriptor): forget(descriptor, at: socket)
    case .connected, .handshakeSucceeded, .handshakeFailed, .protocolFailed, .authenticationFailed,
      .retryScheduled, .listening, .closed, .other:
      break
    }
    return nil
  }

  /// The connection that is to be cut, if there are too many with a new one.
  ///
  /// Those that said nothing yet have a share of their own: there the oldest goes first, so that
  /// strangers who only connect don't keep out who has something to say.
  private mutating func excess(after newest: CInt, _ now: Duration) -> Verdict? {
    let isFull = count > limits.connections
    let silent = connections.flatMap { socket, connections in
      connections.compactMap { descriptor, connection in
        connection.hasSpoken
          ? nil : (socket: socket, descriptor: descriptor, accepted: connection.accepted)
      }
    }
    guard isFull || silent.count > limits.silentConnections else { return nil }
    let oldest = silent.min { ($0.accepted, $0.descriptor) < ($1.accepted, $1.descriptor) }
    if let oldest, now - oldest.accepted >= limits.timeToSpeak {
      forget(oldest.descriptor, at: oldest.socket)
      return Verdict(descriptor: oldest.descriptor, offence: .silent)
    }
    return isFull ? Verdict(descriptor: newest, offence: .tooMany) : nil
  }

  /// A subscription came, or its end; `isKnown` tells whether the protocol has such a topic.
  package mutating func subscribed(
    _ descriptor: CInt?, key: String?, isSubscription: Bool, isKnown: Bool, at socket: BrokerSocket
  ) -> Verdict? {
    guard let descriptor, connections[socket]?[descriptor] != nil else { return nil }
    let change = isSubscription ? 1 : -1
    connections[socket]?[descriptor]?.key = key
    connections[socket]?[descriptor]?.hasSpoken = true
    connections[socket]?[descriptor]?.subscriptions += change
    if !isKnown { connections[socket]?[descriptor]?.unknownTopics += change }
    subscriptions += change
    guard let connection = connections[socket]?[descriptor] else { return nil }
    if connection.subscriptions > limits.subscriptions
      || connection.unknownTopics > limits.unknownTopics
    {
      forget(descriptor, at: socket)
      return Verdict(descriptor: descriptor, offence: .subscriptions)
    }
    return subscriptions > limits.allSubscriptions ? mostSubscribed() : nil
  }

  /// The connection with the most subscriptions, which is to be cut.
  private mutating func mostSubscribed() -> Verdict? {
    let all = connections.flatMap { socket, connections in
      connections.map { (socket: socket, descriptor: $0.key, count: $0.value.subscriptions) }
    }
    guard let most = all.max(by: { $0.count < $1.count }) else { return nil }
    forget(most.descriptor, at: most.socket)
    return Verdict(descriptor: most.descriptor, offence: .subscriptions)
  }

  private mutating func forget(_ descriptor: CInt, at socket: BrokerSocket) {
    subscriptions -= connections[socket]?.removeValue(forKey: descriptor)?.subscriptions ?? 0
  }

  /// A message was read to its end.
  package mutating func delivered(_ descriptor: CInt?, key: String?) {
    guard let descriptor, connections[.updates]?[descriptor] != nil else { return }
    connections[.updates]?[descriptor]?.key = key
    connections[.updates]?[descriptor]?.hasSpoken = true
    connections[.updates]?[descriptor]?.hasDelivered = true
  }

  /// A connection brought an offer or a chunk of an update, more of which is awaited.
  package mutating func awaitsUpdate(_ descriptor: CInt?, _ now: Duration) {
    guard let descriptor else { return }
    connections[.updates]?[descriptor]?.offered = now
  }

  /// A message couldn't be understood.
  package mutating func malformed(_ descriptor: CInt?) -> Verdict? {
    guard let descriptor, connections[.updates]?[descriptor] != nil else { return nil }
    connections[.updates]?[descriptor]?.malformed += 1
    guard let connection = connections[.updates]?[descriptor],
      connection.malformed > limits.malformedMessages
    else { return nil }
    connections[.updates]?[descriptor] = nil
    return Verdict(descriptor: descriptor, offence: .malformed)
  }

  /// True if another message without payload is within what a connection may send.
  package mutating func allows(_ descriptor: CInt?, _ now: Duration) -> Bool {
    guard let descriptor, var connection = connections[.updates]?[descriptor] else { return true }
    connection.refill(limits.messagesPerSecond, upTo: limits.burst, now)
    let isAllowed = connection.allowance >= 1
    if isAllowed { connection.allowance -= 1 }
    connections[.updates]?[descriptor] = connection
    return isAllowed
  }

  /// True if a connection that sends too much is to be told so: once a second.
  package mutating func mayAnswer(_ descriptor: CInt?, _ now: Duration) -> Bool {
    guard let descriptor, let connection = connections[.updates]?[descriptor],
      connection.answered.map({ now - $0 >= .seconds(1) }) ?? true
    else { return false }
    connections[.updates]?[descriptor]?.answered = now
    return true
  }

  /// Looks for connections that send more than they may, if it is time to; they are to be cut.
  package mutating func inspect(_ now: Duration) -> [Verdict] {
    let count = count
    guard count > 0, now >= nextInspection else { return [] }
    nextInspection = now + max(.milliseconds(20), .microseconds(50) * count)
    return unfinished(now)
  }

  /// Those whose messages come to no end.
  private mutating func unfinished(_ now: Duration) -> [Verdict] {
    var unfinished: [Unfinished] = []
    for (descriptor, connection) in connections[.updates] ?? [:] {
      guard let taken = PeerConnection.taken(descriptor)?.bytes else { continue }
      if connection.hasDelivered || taken < connection.completed {
        connections[.updates]?[descriptor]?.completed = taken
        connections[.updates]?[descriptor]?.hasDelivered = false
      } else {
        let isAwaited = connection.offered.map { now - $0 < limits.timeToUpload } ?? false
        unfinished.append(
          Unfinished(
            descriptor: descriptor, bytes: taken - connection.completed, isAwaited: isAwaited))
      }
    }
    let excess = limits.excess(of: unfinished)
    for descriptor in excess { connections[.updates]?[descriptor] = nil }
    return excess.map { Verdict(descriptor: $0, offence: .unfinished) }
  }

  /// The connections of keys that `isAdmitted` denies; they are to be cut.
  package mutating func connections(unless isAdmitted: (String) -> Bool) -> [Verdict] {
    var verdicts: [Verdict] = []
    for socket in BrokerSocket.allCases {
      for (descriptor, connection) in connections[socket] ?? [:] {
        guard let key = connection.key, !isAdmitted(key) else { continue }
        forget(descriptor, at: socket)
        verdicts.append(Verdict(descriptor: descriptor, offence: .removedKey))
      }
    }
    return verdicts
  }
}
