/// A clock that stands still while its process does: because the machine sleeps, or somebody
/// stopped the process.
///
/// Nobody is late for what happened meanwhile: a broker that wakes after an hour goes on with its
/// round where it was, and a worker doesn't take its broker for silent. A loop says how long each
/// of its waits may last; what goes by beyond that and some patience isn't counted.
package struct WakingClock {
  /// The time by which a wait may last longer on a busy machine.
  package static let patience = Duration.seconds(2)

  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  /// The time that the process stood still.
  package private(set) var still = Duration.zero

  /// A clock that begins now.
  package init() { start = clock.now }

  /// The time since the clock began, without that for which it stood still.
  package var now: Duration { clock.now - start - still }

  /// Waits by calling `body`, which returns within `limit` unless the process stands still.
  package mutating func wait<Value, Failure: Error>(
    atMost limit: Duration, _ body: (Duration) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let began = clock.now
    let result = try body(limit)
    note(clock.now - began, limit: limit)
    return result
  }

  /// Notes that a wait of at most `limit` took so long.
  package mutating func note(_ taken: Duration, limit: Duration) {
    if taken > limit + Self.patience { still += taken - limit }
  }
}
