public import Measures

/// The time for which a round waits for the others once its quorum is there.
public enum Grace: Hashable, Sendable {
  /// A time that is always the same.
  case time(Duration)
  /// A share of the time from the round's beginning until the quorum was there.
  case share(Share)

  /// The grace where the time that the quorum took isn't known: a broker that was restarted found
  /// all of it stored.
  static let usual = Duration.seconds(5)

  /// The time for which the others are waited for after a quorum that took `quorum`.
  public func time(after quorum: Duration) -> Duration {
    switch self {
    case .time(let time): time
    case .share(let share): quorum > .zero ? quorum * share.value : Self.usual
    }
  }

  /// No time.
  public static let zero = Grace.time(.zero)

  /// So many seconds.
  public static func seconds(_ count: Int) -> Grace { .time(.seconds(count)) }

  /// So many milliseconds.
  public static func milliseconds(_ count: Int) -> Grace { .time(.milliseconds(count)) }
}

/// The end of a round, as far as it depends on how long its clients take.
public struct RoundEnding: Hashable, Sendable {
  /// The number of updates with which it ends, once the grace is over; nil for all.
  public var quorum: Int?
  /// The time for which the others are waited for then.
  public var grace: Grace
  /// The longest time that it lasts.
  public var deadline: Duration

  /// An end by these limits.
  public init(quorum: Int?, grace: Grace, deadline: Duration) {
    self.quorum = quorum
    self.grace = grace
    self.deadline = deadline
  }

  /// The length of a round whose clients take these times, which are in rising order.
  ///
  /// - Parameters:
  ///   - times: The times.
  ///   - gap: The probability, from 0 to 1, that somebody doesn't come, so that the round waits for
  ///     as long as it may.
  /// - Returns: The expected length.
  public func length(_ times: [Duration], gap: Double = 0) -> Duration {
    guard let last = times.last else { return .zero }
    guard let quorum, quorum >= 1, quorum <= times.count else {
      return min(last, deadline) * (1 - gap) + deadline * gap
    }
    let reached = times[quorum - 1]
    let longest = min(reached + grace.time(after: reached), deadline)
    return min(last, longest) * (1 - gap) + longest * gap
  }
}
