import CZeroMQ
import ZMTP

/// A socket's pointer, which pollers and monitors may hold on to after the socket was closed.
///
/// Confined to the thread that made it.
final class SocketHandle {
  /// The open socket; nil once closed.
  private(set) var pointer: UnsafeMutableRawPointer?
  let context: Context

  init(_ kind: SocketKind, in context: Context) throws(ZMQError) {
    guard let pointer = zmq_socket(context.handle, kind.number) else {
      throw ZMQError(.init(rawValue: zmq_errno()), attempt: "open a \(kind.rawValue) socket")
    }
    self.pointer = pointer
    self.context = context
    context.socketOpened()
  }

  deinit { close() }

  func close() {
    guard let open = pointer else { return }
    pointer = nil
    zmq_close(open)
    context.socketClosed()
  }
}
