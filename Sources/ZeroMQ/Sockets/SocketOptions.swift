import CZeroMQ
package import Measures
import ZMTP

/// The settings of a socket before it binds or connects; the defaults suit long-lived links over
/// the open Internet.
///
/// Bounded memory: N peers hold at most N × `receiveHighWaterMark` × `maximumFrame` bytes, as long
/// as they are libzmq peers. A hostile peer can exceed it with endless multipart messages,
/// therefore authenticate peers (``Security``) before showing a socket to a network.
package struct SocketOptions: Sendable {
  /// The time for which closing waits for unsent messages.
  package var linger: Duration = .zero
  /// Messages queued per peer for sending; the next would block, or is dropped by publishers (0: no
  /// limit).
  package var sendHighWaterMark = 1000
  /// Messages queued per peer for receiving (0: no limit).
  package var receiveHighWaterMark = 1000
  /// The largest frame that a peer may send; a larger one ends its connection (nil: no limit).
  package var maximumFrame: ByteCount? = ByteCount(1 << 20)
  /// The kernel's send buffer per connection; nil leaves it to the kernel.
  package var sendBuffer: ByteCount?
  /// The kernel's receive buffer per connection; nil leaves it to the kernel.
  package var receiveBuffer: ByteCount?
  /// True if messages are queued for completed connections only, so that sending shows being
  /// off-line.
  package var isImmediate = false
  /// Pings of ZMTP 3.1; nil sends none.
  package var heartbeat: Heartbeat? = Heartbeat()
  /// TCP keep-alive probes, which keep the mappings of address translators; nil sends none.
  package var keepAlive: KeepAlive? = KeepAlive()
  /// The time after which TCP gives a connection up whose sent bytes stay without acknowledgement.
  package var retransmissionLimit: Duration = .seconds(90)
  /// The time that a peer may take for the handshake.
  package var handshakeLimit: Duration = .seconds(10)
  /// The time that TCP may take to connect; nil leaves it to the kernel.
  package var connectLimit: Duration?
  /// The first pause before connecting again, of which libzmq draws a random part.
  package var reconnectInterval: Duration = .seconds(1)
  /// The longest pause, up to which it doubles.
  package var longestReconnectInterval: Duration = .seconds(60)
  /// Connections that wait to be accepted; the kernel's net.core.somaxconn limits it as well.
  package var backlog = 4096
  /// True if IPv6 addresses are accepted beside IPv4.
  package var isIPv6 = false
  /// The name by which a ROUTER peer knows this socket, 1…255 bytes not beginning with zero.
  package var routingID: [UInt8]?
  /// True if a ROUTER throws `.hostUnreachable` for unknown peers instead of dropping the message.
  package var isRoutingMandatory = true
  /// The notices of subscriptions that an XPUB receives.
  package var subscriptionNotices: SubscriptionNotices = .allAndCancels
  /// The one-frame message that an XPUB sends to each new subscriber.
  package var welcome: [UInt8]?
  /// Encryption and authentication.
  package var security: Security = .none

  /// The defaults.
  package init() {}
}

extension SocketOptions {
  /// Hands the options to libzmq; a value out of its type's range is the caller's bug.
  func apply(to socket: UnsafeMutableRawPointer, of kind: SocketKind) throws(ZMQError) {
    func set(_ option: CInt, _ value: CInt, _ name: String) throws(ZMQError) {
      try setOption(option, value, of: socket, name)
    }
    try set(ZMQ_LINGER, linger.wholeMilliseconds, "linger")
    try set(ZMQ_SNDHWM, CInt(sendHighWaterMark), "the send high-water mark")
    try set(ZMQ_RCVHWM, CInt(receiveHighWaterMark), "the receive high-water mark")
    let largest = Int64(maximumFrame?.bytes ?? -1)
    try setOption(ZMQ_MAXMSGSIZE, wide: largest, of: socket, "the maximum frame")
    if let sendBuffer { try set(ZMQ_SNDBUF, CInt(sendBuffer.bytes), "the send buffer") }
    if let receiveBuffer { try set(ZMQ_RCVBUF, CInt(receiveBuffer.bytes), "the receive buffer") }
    try set(ZMQ_IMMEDIATE, isImmediate ? 1 : 0, "immediate")
    if let heartbeat {
      try set(ZMQ_HEARTBEAT_IVL, heartbeat.interval.wholeMilliseconds, "the heartbeat interval")
      try set(ZMQ_HEARTBEAT_TIMEOUT, heartbeat.timeout.wholeMilliseconds, "the heartbeat timeout")
      try set(ZMQ_HEARTBEAT_TTL, heartbeat.timeToLive.wholeMilliseconds, "the heartbeat TTL")
    }
    if let keepAlive {
      try set(ZMQ_TCP_KEEPALIVE, 1, "keep-alive")
      try set(ZMQ_TCP_KEEPALIVE_IDLE, keepAlive.idle.wholeSeconds, "the keep-alive idle time")
      try set(ZMQ_TCP_KEEPALIVE_INTVL, keepAlive.interval.wholeSeconds, "the keep-alive interval")
      try set(ZMQ_TCP_KEEPALIVE_CNT, CInt(keepAlive.probes), "the keep-alive probes")
    }
    try set(ZMQ_TCP_MAXRT, retransmissionLimit.wholeMilliseconds, "the retransmission limit")
    try set(ZMQ_HANDSHAKE_IVL, handshakeLimit.wholeMilliseconds, "the handshake limit")
    if let connectLimit {
      try set(ZMQ_CONNECT_TIMEOUT, connectLimit.wholeMilliseconds, "the connect limit")
    }
    try set(ZMQ_RECONNECT_IVL, reconnectInterval.wholeMilliseconds, "the reconnect interval")
    let longest = longestReconnectInterval.wholeMilliseconds
    try set(ZMQ_RECONNECT_IVL_MAX, longest, "the longest reconnect interval")
    try set(ZMQ_BACKLOG, CInt(backlog), "the backlog")
    try set(ZMQ_IPV6, isIPv6 ? 1 : 0, "IPv6")
    if let routingID { try setOption(ZMQ_ROUTING_ID, routingID, of: socket, "set the routing id") }
    if kind == .router { try set(ZMQ_ROUTER_MANDATORY, isRoutingMandatory ? 1 : 0, "routing") }
    if kind == .xpub { try applyPublisherOptions(to: socket) }
    try security.apply(to: socket)
  }

  private func applyPublisherOptions(to socket: UnsafeMutableRawPointer) throws(ZMQError) {
    switch subscriptionNotices {
    case .changes: break
    case .all: try setOption(ZMQ_XPUB_VERBOSE, 1, of: socket, "the notices of subscriptions")
    case .allAndCancels:
      try setOption(ZMQ_XPUB_VERBOSER, 1, of: socket, "the notices of subscriptions")
    }
    if let welcome {
      try setOption(ZMQ_XPUB_WELCOME_MSG, welcome, of: socket, "set the welcome message")
    }
  }
}

extension Duration {
  /// Whole seconds, rounded up, at least one.
  fileprivate var wholeSeconds: CInt {
    let milliseconds = wholeMilliseconds
    return max(1, milliseconds / 1000 + (milliseconds % 1000 == 0 ? 0 : 1))
  }
}

/// The probes of an idle TCP connection (tcp(7), SO_KEEPALIVE).
package struct KeepAlive: Hashable, Sendable {
  /// The idle time before the first probe, in whole seconds.
  package var idle: Duration = .seconds(60)
  /// The time between probes, in whole seconds.
  package var interval: Duration = .seconds(15)
  /// The unanswered probes that end the connection.
  package var probes = 4
}

/// The pings that find dead peers (RFC 37/ZMTP, "Heartbeating").
///
/// Only a complete frame answers one, so `timeout` must exceed the time of the largest frame plus
/// the send buffer at the slowest rate.
package struct Heartbeat: Hashable, Sendable {
  /// The time between pings.
  package var interval: Duration
  /// The silence after a ping that ends the connection.
  package var timeout: Duration
  /// The silence after which the peer should end the connection; sent in tenths of a second.
  package var timeToLive: Duration

  /// A ping each `interval`; the link is dead after `timeout` here and `timeToLive` there.
  package init(
    interval: Duration = .seconds(10), timeout: Duration = .seconds(60),
    timeToLive: Duration = .seconds(60)
  ) {
    precondition(interval > .zero, "a heartbeat every \(interval)")
    self.interval = interval
    self.timeout = timeout
    self.timeToLive = timeToLive
  }
}
