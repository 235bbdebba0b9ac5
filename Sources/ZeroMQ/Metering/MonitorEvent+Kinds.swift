import CZeroMQ

extension MonitorEvent {
  /// Which events a monitor is told of.
  package struct Kinds: OptionSet, Hashable, Sendable {
    /// libzmq's event bits.
    package let rawValue: Int

    /// The events with the given bits.
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Connections made on this side.
    package static let connected = Kinds(rawValue: Int(ZMQ_EVENT_CONNECTED))
    /// Connections made by peers.
    package static let accepted = Kinds(rawValue: Int(ZMQ_EVENT_ACCEPTED))
    /// Completed handshakes.
    package static let handshakeSucceeded = Kinds(rawValue: Int(ZMQ_EVENT_HANDSHAKE_SUCCEEDED))
    /// Failed handshakes of all sorts.
    package static let handshakeFailed = Kinds(
      rawValue: Int(
        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
          | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH))
    /// Ended connections.
    package static let disconnected = Kinds(rawValue: Int(ZMQ_EVENT_DISCONNECTED))
    /// Pauses before connecting again.
    package static let retryScheduled = Kinds(rawValue: Int(ZMQ_EVENT_CONNECT_RETRIED))
    /// The beginning of listening.
    package static let listening = Kinds(rawValue: Int(ZMQ_EVENT_LISTENING))
    /// The end of listening, or of an attempt to connect.
    package static let closed = Kinds(rawValue: Int(ZMQ_EVENT_CLOSED))

    /// The life of connections, without the events that can come in storms.
    package static let connections: Kinds = [
      .connected, .accepted, .handshakeSucceeded, .handshakeFailed, .disconnected,
    ]

    /// The life of connections on the side that makes them, with attempts that fail.
    package static let attempts: Kinds = [.connections, .closed]
  }
}
