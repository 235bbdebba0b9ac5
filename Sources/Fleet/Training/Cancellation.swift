import Synchronization

/// Tells a training that waits for a lane that its result is no longer needed.
final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// Whether the work can be left.
  var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// The work's result is no longer needed.
  func cancel() { flag.store(true, ordering: .relaxed) }
}
