import CZeroMQ
import Measures
import ZMTP

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
