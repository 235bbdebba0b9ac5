/// A time since the run's start in whole nanoseconds: what the models compute with.
///
/// Half the size of a `Duration`, and one machine word to compare. Times stay within ±146 years.
package struct VirtualTime: Hashable, Comparable, Sendable {
  /// Nanoseconds since the run's start.
  package var nanoseconds: Int64

  /// The run's start.
  static var zero: Self { Self(nanoseconds: 0) }

  /// Beyond any run: half of what the word holds, so that sums can't overflow.
  static var limit: Int64 { .max / 2 }

  init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// `duration` rounded towards zero to nanoseconds, cut at the limit.
  init(_ duration: Duration) {
    let whole = duration.attoseconds / 1_000_000_000
    nanoseconds = Int64(max(-Int128(Self.limit), min(Int128(Self.limit), whole)))
  }

  /// `duration` rounded up to nanoseconds, cut at the limit: the first time that isn't before it.
  package init(roundingUp duration: Duration) {
    self.init(duration)
    if self.duration < duration, nanoseconds < Self.limit { nanoseconds += 1 }
  }

  /// `seconds` rounded to the nearest nanosecond, cut at the limit.
  init(seconds: Double) {
    let bound = Double(Self.limit)
    nanoseconds = Int64(max(-bound, min(bound, (seconds * 1e9).rounded())))
  }

  /// The time in seconds.
  var seconds: Double { Double(nanoseconds) * 1e-9 }

  /// The time as a duration since the run's start.
  var duration: Duration { .nanoseconds(nanoseconds) }

  package static func < (lhs: Self, rhs: Self) -> Bool { lhs.nanoseconds < rhs.nanoseconds }

  /// The later time, cut at the limit.
  static func + (lhs: Self, rhs: Self) -> Self {
    Self(nanoseconds: max(-limit, min(limit, lhs.nanoseconds + rhs.nanoseconds)))
  }

  /// The span between the two.
  static func - (lhs: Self, rhs: Self) -> Self {
    Self(nanoseconds: max(-limit, min(limit, lhs.nanoseconds - rhs.nanoseconds)))
  }
}
