import Dispatch
import Federation
import Synchronization

/// A request on its way to the broker's loop, which answers it on its own thread.
final class ControlQuestion: Sendable {
  /// The request.
  let request: ControlRequest
  /// Whoever asks; nil for this process.
  let peer: ControlServer.Peer?
  private let given = Mutex<ControlAnswer?>(nil)
  private let isAnswered = DispatchSemaphore(value: 0)

  /// A request that hasn't been answered.
  init(_ request: ControlRequest, from peer: ControlServer.Peer?) {
    self.request = request
    self.peer = peer
  }

  /// Answers it, once.
  func answer(_ answer: ControlAnswer) {
    given.withLock { $0 = answer }
    isAnswered.signal()
  }

  /// Waits for the answer; nil where it takes too long.
  func awaited(for patience: Duration) -> ControlAnswer? {
    let limit = DispatchTimeInterval.milliseconds(Int(patience / .milliseconds(1)))
    guard isAnswered.wait(timeout: .now() + limit) == .success else { return nil }
    return given.withLock { $0 }
  }
}
