import CZeroMQ
import Glibc
import Synchronization

/// A queue from many threads to one loop, which it wakes.
package final class Inbox<Element: Sendable>: Sendable {
  /// The descriptor that the loop's poller watches.
  package let wakeup: Wakeup
  private let capacity: Int
  private let elements = Mutex<[Element]>([])

  /// An empty inbox for at most `capacity` elements.
  package init(capacity: Int = .max) throws(ZMQError) {
    precondition(capacity > 0, "an inbox for \(capacity) elements")
    self.capacity = capacity
    wakeup = try Wakeup()
  }

  /// Adds an element and wakes the loop; false where the inbox is full.
  package func push(_ element: Element) -> Bool {
    let isAdded = elements.withLock { elements in
      guard elements.count < capacity else { return false }
      elements.append(element)
      return true
    }
    if isAdded { wakeup.signal() }
    return isAdded
  }

  /// Takes all elements, oldest first.
  package func drain() -> [Element] {
    wakeup.clear()  // first: an element pushed after this line signals again
    return elements.withLock { elements in
      let drained = elements
      elements = []
      return drained
    }
  }
}

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
