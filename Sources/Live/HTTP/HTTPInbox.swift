import Glibc
import Synchronization

/// The orders of other threads to the server's thread, which a byte on a socket wakes.
final class HTTPInbox: Sendable {
  /// Something for the server's thread to do.
  enum Order: Sendable {
    /// Answers the request of a connection.
    case answer(HTTPResponse, connection: Int)
    /// Sends a piece of an answer; told if it has left.
    case piece([UInt8], connection: Int, CheckedContinuation<Bool, Never>)
    /// Ends the answer of a connection.
    case end(connection: Int)
    /// Lets answers leave for a moment, closes all connections and ends.
    case stop

    /// Tells whoever waits that nothing will come of it.
    func abandon() { if case .piece(_, _, let waiting) = self { waiting.resume(returning: false) } }
  }

  /// The orders that wait; nil once nobody reads them any more.
  private let orders = Mutex<[Order]?>([])
  private let writer: CInt
  /// The socket that is readable while orders wait.
  let reader: CInt

  /// An empty one, or nil without descriptors.
  init?() {
    var ends: [CInt] = [-1, -1]
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    // SAFETY: there is room for both descriptors.
    guard unsafe socketpair(AF_UNIX, CInt(kind), 0, &ends) == 0 else { return nil }
    (reader, writer) = (ends[0], ends[1])
  }

  deinit {
    Glibc.close(reader)
    Glibc.close(writer)
  }

  /// Leaves an order.
  func put(_ order: Order) {
    let isOpen = orders.withLock { orders in
      orders?.append(order)
      return orders != nil
    }
    guard isOpen else { return order.abandon() }
    var byte: UInt8 = 1
    // SAFETY: the byte lives during the call. A full socket is readable already.
    _ = unsafe Glibc.send(writer, &byte, 1, CInt(MSG_NOSIGNAL))
  }

  /// Sends a piece of a connection's answer; false if the connection is gone.
  func send(_ piece: [UInt8], to connection: Int) async -> Bool {
    await withCheckedContinuation { put(.piece(piece, connection: connection, $0)) }
  }

  /// Takes all orders that wait.
  func takeAll() -> [Order] {
    var buffer = [UInt8](repeating: 0, count: 256)
    // SAFETY: the buffer is as large as its count says.
    while unsafe recv(reader, &buffer, buffer.count, 0) == buffer.count {}
    return orders.withLock { orders in
      defer { if orders != nil { orders = [] } }
      return orders ?? []
    }
  }

  /// Takes no more orders.
  func close() {
    let rest = orders.withLock { orders in
      defer { orders = nil }
      return orders ?? []
    }
    for order in rest { order.abandon() }
  }
}
