import CZeroMQ
import Glibc

/// Wakes a poller from another thread (eventfd(2)).
package final class Wakeup: Sendable {
  /// Readable from ``signal()`` until ``clear()``.
  package let descriptor: CInt

  /// A wakeup that nobody has signalled.
  package init() throws(ZMQError) {
    descriptor = czmq_eventfd_make()
    guard descriptor >= 0 else {
      throw ZMQError(.init(rawValue: errno), attempt: "make an event descriptor")
    }
  }

  deinit { close(descriptor) }

  /// Wakes the poller, now or when it next waits; callable from any thread.
  package func signal() { czmq_eventfd_signal(descriptor) }

  /// Forgets all signals so far; done before looking at what they announced.
  package func clear() { czmq_eventfd_clear(descriptor) }
}
