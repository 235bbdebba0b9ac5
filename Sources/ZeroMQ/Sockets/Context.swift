import CZeroMQ
import Dispatch
import Foundation
import Measures
import Synchronization

/// The home of sockets: the I/O threads, the in-process endpoints and the limits that they share.
///
/// One per process is the rule (zmq_ctx_new(3)); sockets keep theirs alive.
package final class Context: Sendable {
  // SAFETY: a context may be used from any thread (zmq_ctx_new(3)), and the pointer never changes.
  nonisolated(unsafe) let handle: UnsafeMutableRawPointer

  private let sockets = Atomic<Int>(0)
  private let names = Atomic<Int>(0)
  private let isTerminating = Mutex(false)
  private let termination = DispatchGroup()

  /// A context for at most `maxSockets` sockets; raises the process's soft limit of open
  /// descriptors to the hard one.
  ///
  /// One I/O thread carries about a gigabyte a second each way, half of it encrypted.
  package init(ioThreads: Int = 1, maxSockets: Int = 4096) throws(ZMQError) {
    precondition((1...64).contains(ioThreads), "\(ioThreads) I/O threads")
    precondition((1...65535).contains(maxSockets), "\(maxSockets) sockets")
    _ = Self.descriptorLimit
    guard let handle = zmq_ctx_new() else {
      throw ZMQError(.init(rawValue: zmq_errno()), attempt: "make a ZeroMQ context")
    }
    let settings = [
      (ZMQ_IO_THREADS, ioThreads), (ZMQ_MAX_SOCKETS, maxSockets), (ZMQ_BLOCKY, 0),
    ]
    for (option, value) in settings where zmq_ctx_set(handle, option, CInt(value)) != 0 {
      let code = zmq_errno()
      zmq_ctx_term(handle)
      throw ZMQError(.init(rawValue: code), attempt: "set context option \(option) to \(value)")
    }
    self.handle = handle
  }

  deinit {
    // Every socket kept the context, so none is open, and linger times are finite: this ends.
    if !isTerminating.withLock({ $0 }) { Self.end(handle) }
  }

  /// The number of descriptors that the process may have open; `Int.max` when unlimited.
  package static let descriptorLimit: Int = {
    let limit = czmq_raise_descriptor_limit()
    return limit < 0 ? .max : limit
  }()

  /// The sockets, monitors included, that are open now.
  package var openSockets: Int { sockets.load(ordering: .relaxed) }

  /// Ends all waiting: from now on each call on a socket of the context throws
  /// `.contextTerminated`.
  ///
  /// Callable from any thread, any number of times.
  package func shutdown() { zmq_ctx_shutdown(handle) }

  /// Shuts down and waits until every socket is closed; false when `limit` passed before that.
  ///
  /// The release goes on in the background then, and ends with the last socket.
  package func terminate(within limit: Duration) -> Bool {
    shutdown()
    let isFirst = isTerminating.withLock { state in
      defer { state = true }
      return !state
    }
    if isFirst {
      termination.enter()
      Thread.detachNewThread { [self] in
        Self.end(handle)
        termination.leave()
      }
    }
    return termination.wait(timeout: .now() + max(0, limit.seconds)) == .success
  }

  func socketOpened() { sockets.add(1, ordering: .relaxed) }
  func socketClosed() { sockets.subtract(1, ordering: .relaxed) }

  /// A name that no other in-process endpoint of this context has.
  func uniqueEndpoint(_ purpose: String) -> String {
    "inproc://\(purpose).\(names.add(1, ordering: .relaxed).newValue)"
  }

  private static func end(_ handle: UnsafeMutableRawPointer) {
    while zmq_ctx_term(handle) == -1, zmq_errno() == EINTR {}
  }
}
