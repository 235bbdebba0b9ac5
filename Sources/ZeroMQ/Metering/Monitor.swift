import CZeroMQ
import Glibc
import ZMTP

/// The stream of what happens to a socket's connections (zmq_socket_monitor(3)).
///
/// Read it in the loop of the socket: libzmq's I/O thread waits, and all traffic with it, once 100,000
/// events lie unread.
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
