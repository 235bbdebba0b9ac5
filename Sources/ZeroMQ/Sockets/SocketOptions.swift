package import Measures

/// What a socket is told before it binds or connects; the defaults suit long-lived links over the open Internet.
///
/// Bounded memory: N peers hold at most N × `receiveHighWaterMark` × `maximumFrame` bytes, as long as
/// they are libzmq peers. A hostile peer can exceed it with endless multipart messages, therefore
/// authenticate peers (``Security``) before showing a socket to a network.
package struct SocketOptions: Sendable {
  /// How long closing waits for unsent messages.
  package var linger: Duration = .zero
  /// Messages queued per peer for sending; the next would block, or is dropped by publishers (0: no limit).
  package var sendHighWaterMark = 1000
  /// Messages queued per peer for receiving (0: no limit).
  package var receiveHighWaterMark = 1000
  /// The largest frame that a peer may send; a larger one ends its connection (nil: no limit).
  package var maximumFrame: ByteCount? = ByteCount(1 << 20)
  /// The kernel's send buffer per connection; nil leaves it to the kernel.
  package var sendBuffer: ByteCount?
  /// The kernel's receive buffer per connection; nil leaves it to the kernel.
  package var receiveBuffer: ByteCount?
  /// Whether messages are queued for completed connections only, so that sending shows being off-line.
  package var isImmediate = false
  /// Pings of ZMTP 3.1; nil sends none.
  package var heartbeat: Heartbeat? = Heartbeat()
  /// TCP keep-alive probes, which keep the mappings of address translators; nil sends none.
  package var keepAlive: KeepAlive? = KeepAlive()
  /// How long sent bytes may stay without acknowledgement before TCP gives the connection up.
  package var retransmissionLimit: Duration = .seconds(90)
  /// How long a peer may take for the handshake.
  package var handshakeLimit: Duration = .seconds(10)
  /// How long TCP may take to connect; nil leaves it to the kernel.
  package var connectLimit: Duration?
  /// The first pause before connecting again, of which libzmq draws a random part.
  package var reconnectInterval: Duration = .seconds(1)
  /// What the pause doubles up to.
  package var longestReconnectInterval: Duration = .seconds(60)
  /// Connections that wait to be accepted; the kernel's net.core.somaxconn limits it as well.
  package var backlog = 4096
  /// Whether IPv6 addresses are accepted beside IPv4.
  package var isIPv6 = false
  /// The name by which a ROUTER peer knows this socket, 1…255 bytes not beginning with zero.
  package var routingID: [UInt8]?
  /// Whether a ROUTER throws `.hostUnreachable` for unknown peers instead of dropping the message.
  package var isRoutingMandatory = true
  /// What an XPUB is told about subscriptions.
  package var subscriptionNotices: SubscriptionNotices = .allAndCancels
  /// The one-frame message that an XPUB sends to each new subscriber.
  package var welcome: [UInt8]?
  /// Encryption and authentication.
  package var security: Security = .none

  /// The defaults.
  package init() {}
}
