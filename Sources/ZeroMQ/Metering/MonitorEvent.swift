import CZeroMQ

/// Something that happened to a connection of a monitored socket.
package struct MonitorEvent: Hashable, Sendable {
  /// What happened.
  package var kind: Kind
  /// The endpoint of this socket that it happened at.
  package var endpoint: String

  /// What happened, with the number that libzmq gives with it.
  package enum Kind: Hashable, Sendable {
    /// TCP connected to the peer.
    case connected(descriptor: CInt)
    /// TCP accepted the peer.
    case accepted(descriptor: CInt)
    /// The connection can carry messages.
    case handshakeSucceeded
    /// The ZMTP handshake ended early, with an error number.
    case handshakeFailed(errno: CInt)
    /// The peer broke ZMTP or has another mechanism; the number is a ZMQ_PROTOCOL_ERROR.
    case protocolFailed(code: Int)
    /// The ZAP handler refused the peer, with its status; a refused client doesn't try again after 400.
    case authenticationFailed(status: Int)
    /// The connection ended. The descriptor may be another connection's by now.
    case disconnected(descriptor: CInt)
    /// The next attempt to connect comes after that many milliseconds.
    case retryScheduled(milliseconds: Int)
    /// The socket is bound.
    case listening(descriptor: CInt)
    /// The socket accepts no more connections, or gave up connecting.
    case closed(descriptor: CInt)
    /// An event that this list does not have.
    case other(number: Int, value: Int)
  }

  /// Reads an event's two frames: number (16 bits) and value (32 bits) in the machine's order; endpoint.
  init?(_ message: Message) {
    guard message.frameCount == 2, message.count(of: 0) == 6 else { return nil }
    let (number, value) = message.withUnsafeBytes(of: 0) { bytes in
      (
        CInt(bytes.loadUnaligned(as: UInt16.self)),
        CInt(bitPattern: bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
      )
    }
    kind = Kind(number: number, value: value)
    endpoint = message.text(of: 1) ?? ""
  }
}

extension MonitorEvent.Kind {
  init(number: CInt, value: CInt) {
    self =
      switch number {
      case ZMQ_EVENT_CONNECTED: .connected(descriptor: value)
      case ZMQ_EVENT_ACCEPTED: .accepted(descriptor: value)
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: .handshakeSucceeded
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: .handshakeFailed(errno: value)
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: .protocolFailed(code: Int(value))
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: .authenticationFailed(status: Int(value))
      case ZMQ_EVENT_DISCONNECTED: .disconnected(descriptor: value)
      case ZMQ_EVENT_CONNECT_RETRIED: .retryScheduled(milliseconds: Int(value))
      case ZMQ_EVENT_LISTENING: .listening(descriptor: value)
      case ZMQ_EVENT_CLOSED: .closed(descriptor: value)
      default: .other(number: Int(number), value: Int(value))
      }
  }
}
