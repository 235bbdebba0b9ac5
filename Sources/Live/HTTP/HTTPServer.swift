import Dispatch
import Foundation

/// A small server of HTTP/1.1 for pages that can only be read.
///
/// One thread holds all connections and never waits for any of them; answers are made elsewhere.
/// Each connection has one request. Whatever clients do, it takes no more memory, descriptors and
/// time than its ``HTTPLimits``.
package final class HTTPServer: Sendable {
  /// Its port.
  package let port: UInt16
  private let inbox: HTTPInbox
  private let ended = DispatchSemaphore(value: 0)

  /// Begins to serve what `answer` gives.
  ///
  /// - Throws: ``LiveError/unavailable(_:problem:)``.
  package init(
    at address: LiveAddress, limits: HTTPLimits = .standard,
    answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
  ) throws(LiveError) {
    let listener = try ListeningSocket(at: address)
    guard let inbox = HTTPInbox() else {
      throw .unavailable("\(address)", problem: "no descriptors are left")
    }
    port = listener.port
    self.inbox = inbox
    Thread.detachNewThread { [ended] in
      Thread.current.name = "progfed.http"
      var loop = HTTPLoop(listener: listener, inbox: inbox, limits: limits, answer: answer)
      loop.run()
      ended.signal()
    }
  }

  /// Lets the answers and events that were given leave, closes all connections and ends; returns
  /// after a second at the latest.
  package func stop() {
    inbox.put(.stop)
    _ = ended.wait(timeout: .now() + 1)
  }
}

/// Runs the tasks of pages on a queue of their own: whoever keeps the threads busy that all tasks
/// of the process share, pages are answered.
///
/// Answers only wait, or put together what others have made: one thread is enough for them.
final class AnswerThread: TaskExecutor {
  /// That of the process.
  static let shared = AnswerThread()

  private let queue = DispatchQueue(label: "progfed.answers", qos: .userInitiated)

  private init() {}

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { [self] in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}
