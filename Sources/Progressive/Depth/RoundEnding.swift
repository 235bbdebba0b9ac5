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
  /// True if the quorum has to hold enough updates of the whole stage, too.
  public var awaitsWhole: Bool

  /// An end by these limits.
  public init(quorum: Int?, grace: Grace, deadline: Duration, awaitsWhole: Bool = true) {
    self.quorum = quorum
    self.grace = grace
    self.deadline = deadline
    self.awaitsWhole = awaitsWhole
  }

  /// The length of a round.
  ///
  /// - Parameters:
  ///   - times: The times that its clients take, in rising order.
  ///   - whole: The times of those that train the whole stage, in rising order.
  ///   - least: The least share of all that are to train it.
  ///   - gap: The probability, from 0 to 1, that somebody doesn't come, so that the round waits for
  ///     as long as it may.
  /// - Returns: The expected length.
  public func length(
    _ times: [Duration], whole: [Duration] = [], least: Share = 0, gap: Double = 0
  ) -> Duration {
    guard let last = times.last else { return .zero }
    guard let quorum, quorum >= 1, quorum <= times.count else {
      return min(last, deadline) * (1 - gap) + deadline * gap
    }
    let needed =
      awaitsWhole
      ? Self.wholeQuorum(quorum, of: times.count, whole: whole.count, least: least) : 0
    let reached = max(times[quorum - 1], needed > 0 ? whole[needed - 1] : .zero)
    let longest = min(reached + grace.time(after: reached), deadline)
    return min(last, longest) * (1 - gap) + longest * gap
  }

  /// The number of updates of the whole stage that a quorum has to hold.
  ///
  /// Small sub-models come first: without these a round could end before anybody trained its last
  /// block. The least share of the clients that are to train it is enough, as some never come.
  ///
  /// - Parameters:
  ///   - quorum: The number of updates of any stage, 1 or more.
  ///   - asked: The number of clients, as many or more.
  ///   - whole: The number of those that train the whole stage.
  ///   - least: The least share of the clients that are to train it.
  /// - Returns: A number of at most `whole`.
  public static func wholeQuorum(
    _ quorum: Int, of asked: Int, whole: Int, least: Share
  ) -> Int {
    let needed = min(least.of(asked, rounded: .up), whole)
    return min(
      least.of(needed, rounded: .up), (quorum * needed + asked - 1) / max(1, asked), whole)
  }
}
