/// A clock that stands still while its process does: because the machine sleeps, or somebody
/// stopped the process.
///
/// Nobody is late for what happened meanwhile: a broker that wakes after an hour goes on with its
/// round where it was, and a worker doesn't take its broker for silent. A loop says how long each
/// of its waits may last; what goes by beyond that and some patience isn't counted. Nor is what
/// goes by beyond that patience between two readings: a process may be stopped while its loop
/// works.
package struct WakingClock {
  /// The time by which a wait may last longer on a busy machine, and the longest that a loop works
  /// without reading the clock.
  package static let patience = Duration.seconds(2)

  /// Tells the time that has passed, the process's standing still included.
  private let time: () -> Duration
  /// The time at the last reading.
  private var last: Duration
  /// The time that the process stood still.
  package private(set) var still = Duration.zero

  /// A clock that begins now.
  package init() {
    let (clock, start) = (ContinuousClock(), ContinuousClock.now)
    self.init { clock.now - start }
  }

  /// A clock by `time`, which counts what passes while the process stands still, too.
  package init(by time: @escaping () -> Duration) {
    self.time = time
    last = time()
  }

  /// The time since the clock began, without that for which it stood still.
  package mutating func read() -> Duration {
    let taken = advance()
    if taken > Self.patience { still += taken - Self.patience }
    return last - still
  }

  /// Waits by calling `body`, which returns within `limit` unless the process stands still.
  package mutating func wait<Value, Failure: Error>(
    atMost limit: Duration, _ body: (Duration) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    _ = read()
    let result = try body(limit)
    let taken = advance()
    if taken > limit + Self.patience { still += taken - limit }
    return result
  }

  /// Looks at the time; returns how long ago it was looked at before.
  private mutating func advance() -> Duration {
    let now = time()
    defer { last = now }
    return now - last
  }
}
