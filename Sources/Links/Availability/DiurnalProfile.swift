import Measures

/// Clients that charge at night and take part then, and in turns by day.
///
/// Each client has a habitual bedtime and length of night, which vary a little night by night.
public struct DiurnalProfile: Hashable, Sendable {
  /// The time of day, by the client's clock, at which nights begin on average.
  public var bedtime: Duration
  /// The standard deviation of bedtimes and of lengths among clients.
  public var spread: Duration
  /// How long nights last on average.
  public var night: Duration
  /// The standard deviation from night to night, at most 20 minutes.
  public var variation: Duration
  /// Clients' clocks differ evenly by up to this much: a fleet in several time zones.
  public var timeZones: Duration
  /// The time of day at the run's start.
  public var startOfRun: Duration
  /// The turns by day; without it the client is away by day.
  public var day: OnOffProcess?

  /// Nights that begin around half past ten and last eight hours, in a run that starts at midnight.
  public init(
    bedtime: Duration = .seconds(22 * 3600 + 1800), spread: Duration = .seconds(3600),
    night: Duration = .seconds(8 * 3600), variation: Duration = .seconds(1200),
    timeZones: Duration = .zero, startOfRun: Duration = .zero, day: OnOffProcess? = nil
  ) {
    self.bedtime = bedtime
    self.spread = spread
    self.night = night
    self.variation = variation
    self.timeZones = timeZones
    self.startOfRun = startOfRun
    self.day = day
  }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    var problems = day?.problems ?? []
    let limits: [(String, Duration, Int)] = [
      ("bedtime", bedtime, 24 * 3600), ("spread", spread, 6 * 3600), ("night", night, 20 * 3600),
      ("variation", variation, 1200), ("span of time zones", timeZones, 24 * 3600),
      ("start of the run", startOfRun, 24 * 3600),
    ]
    for (name, value, limit) in limits where !(.zero ... .seconds(limit)).contains(value) {
      problems.append("a \(name) of \(value.seconds) s is not in 0…\(limit) s")
    }
    return problems
  }
}
