import Bytes
import ZMTP

/// The sending thread of a ``TransportBenchmark``.
struct TransportSender: Sendable {
  var context: Context
  var endpoint: String
  var options: SocketOptions
  var isRaw: Bool
  var count: Int
  var buffer: SharedBuffer

  /// Sends all chunks, then keeps the connection until the receiver shuts the context down.
  func run() {
    do throws(ZMQError) {
      let push = try Socket(.push, in: context, options: options)
      try push.connect(to: endpoint)
      if isRaw {
        try RawTransport.send(buffer, count: count, on: push.pointer)
      } else {
        for _ in 0..<count {
          while try !push.send(Frame(buffer)) {
            _ = try push.wait(for: .writable, atMost: .seconds(1))
          }
        }
      }
      while true { _ = try push.wait(for: .readable, atMost: .seconds(1)) }
    } catch {
      // The receiver's shutdown ends the wait; any other error ends the benchmark with it.
      context.shutdown()
    }
  }
}
