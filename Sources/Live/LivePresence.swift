import Dispatch
import Federation
import Foundation

/// The present workers and clients of a run, asked for at most each second, whoever looks on.
///
/// SAFETY of `@unchecked Sendable`: all mutable state is touched only by blocks on `queue`, which
/// is serial.
final class LivePresence: @unchecked Sendable {
  private let ask: @Sendable () -> Presence?
  private let queue = DispatchQueue(label: "progfed.presence", qos: .utility)
  private var last: Presence?
  private var asked: ContinuousClock.Instant?

  /// A presence that `ask` tells, which may wait for the broker's thread.
  init(_ ask: @escaping @Sendable () -> Presence?) { self.ask = ask }

  /// The presence as it is now, or was a second ago; nil while the broker isn't at work.
  func current() async -> Presence? {
    await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: refreshed()) }
    }
  }

  private func refreshed() -> Presence? {
    if let asked, ContinuousClock.now - asked < .seconds(1) { return last }
    last = ask()
    asked = .now
    return last
  }
}
