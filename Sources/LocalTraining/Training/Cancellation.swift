import Synchronization

/// Tells a training that waits for a lane that its result is no longer needed.
package final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// A cancellation that nobody has asked for yet.
  package init() {}

  /// Whether the work can be left.
  package var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// The work's result is no longer needed.
  package func cancel() { flag.store(true, ordering: .relaxed) }
}
