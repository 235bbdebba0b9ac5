import CZeroMQ
import Glibc
import ZMTP

/// The stream of what happens to a socket's connections (zmq_socket_monitor(3)).
///
/// Read it in the loop of the socket: libzmq's I/O thread waits, and all traffic with it, once
/// 100,000 events lie unread.
package struct Monitor: ~Copyable {
  let socket: Socket
  private let watched: SocketHandle

  /// Watches a socket; before it binds or connects, to see everything.
  init(_ watched: SocketHandle, _ kinds: MonitorEvent.Kinds) throws(ZMQError) {
    let endpoint = watched.context.uniqueEndpoint("monitor")
    var options = SocketOptions()
    options.receiveHighWaterMark = 100_000
    let socket = try Socket(.pair, in: watched.context, options: options)
    guard let pointer = watched.pointer else {
      throw ZMQError(.notASocket, attempt: "watch a socket")
    }
    try check("watch a socket") { zmq_socket_monitor(pointer, endpoint, CInt(kinds.rawValue)) }
    do throws(ZMQError) { try socket.connect(to: endpoint) } catch {
      zmq_socket_monitor(pointer, nil, 0)
      throw error
    }
    self.socket = socket
    self.watched = watched
  }

  deinit {
    // Stopping waits for the I/O thread, which might wait for room in this socket.
    while let reception = try? socket.receive() { _ = reception }
    if let pointer = watched.pointer { zmq_socket_monitor(pointer, nil, 0) }
  }

  /// The next event; nil where none is waiting.
  package func next() throws(ZMQError) -> MonitorEvent? {
    guard let message = try socket.receive()?.message else { return nil }
    return MonitorEvent(message)
  }

  /// The next event, waited for at most `limit`.
  package func next(within limit: Duration) throws(ZMQError) -> MonitorEvent? {
    guard let message = try socket.receive(within: limit)?.message else { return nil }
    return MonitorEvent(message)
  }
}

extension Socket {
  /// Begins to watch this socket's connections; one monitor per socket.
  package func monitor(
    _ kinds: MonitorEvent.Kinds = .connections
  ) throws(ZMQError) -> Monitor {
    try Monitor(handle, kinds)
  }
}

/// Something that happened to a connection of a monitored socket.
package struct MonitorEvent: Hashable, Sendable {
  /// The event.
  package var kind: Kind
  /// The endpoint of this socket that it happened at.
  package var endpoint: String

  /// An event, with the number that libzmq gives with it.
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
    /// The ZAP handler refused the peer, with its status; a refused client doesn't try again after
    /// 400.
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

  /// Reads an event's two frames: number (16 bits) and value (32 bits) in the machine's order;
  /// endpoint.
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

extension MonitorEvent {
  /// The events that a monitor is told of.
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
