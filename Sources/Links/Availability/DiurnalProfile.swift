import Measures

/// Clients that charge at night and take part then, and in turns by day.
///
/// Each client has a habitual bedtime and length of night, which vary a little night by night.
public struct DiurnalProfile: Hashable, Sendable {
  /// The time of day, by the client's clock, at which nights begin on average.
  public var bedtime: Duration
  /// The standard deviation of bedtimes and of lengths among clients.
  public var spread: Duration
  /// The mean length of nights.
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

/// One client's nights in the run's time; they never overlap.
struct Nights: Hashable, Sendable {
  private static var day: Int64 { 86_400_000_000_000 }
  private static var hour: Int64 { 3_600_000_000_000 }

  /// The usual beginning of the night of day 0.
  private let usualStart: Int64
  /// Its usual length, one hour to twenty.
  private let usualLength: Int64
  private let variation: Double
  private let random: RandomStream

  init(_ profile: DiurnalProfile, _ random: RandomStream) {
    self.random = random
    variation = profile.variation.seconds
    var habit = random.stream("habit")
    let spread = profile.spread.seconds
    let zone = profile.timeZones.seconds * habit.uniform()
    let start = (profile.bedtime - profile.startOfRun).seconds - zone + spread * habit.normal()
    let length = profile.night.seconds + spread * habit.normal()
    usualStart = VirtualTime(seconds: start).nanoseconds
    usualLength = max(Self.hour, min(20 * Self.hour, VirtualTime(seconds: length).nanoseconds))
  }

  /// The night that begins on a day, whichever sign it has.
  private func night(_ day: Int64) -> Range<Int64> {
    var chance = random.stream("night", Int(day))
    let (early, late) = (vary(&chance), vary(&chance))
    let start = usualStart + day * Self.day + early
    // At least a second less than an hour's variation each way leaves nights apart and not empty.
    return start..<max(start + Self.hour / 60, start + usualLength + late)
  }

  private func vary(_ chance: inout RandomStream) -> Int64 {
    let seconds = max(-3, min(3, chance.normal())) * variation
    return VirtualTime(seconds: seconds).nanoseconds
  }

  func contains(_ time: VirtualTime) -> Bool {
    nights(around: time).contains { $0.contains(time.nanoseconds) }
  }

  /// The first beginning or end of a night after `time`.
  func nextEdge(after time: VirtualTime) -> VirtualTime {
    for night in nights(around: time) {
      if night.lowerBound > time.nanoseconds { return VirtualTime(nanoseconds: night.lowerBound) }
      if night.upperBound > time.nanoseconds { return VirtualTime(nanoseconds: night.upperBound) }
    }
    preconditionFailure("no night after \(time.seconds) s")  // the last one begins hours later
  }

  /// The nights that may contain `time`, and one that follows it: the one before ended hours ago.
  private func nights(around time: VirtualTime) -> [Range<Int64>] {
    let offset = time.nanoseconds - usualStart
    let day = offset >= 0 ? offset / Self.day : (offset - Self.day + 1) / Self.day
    return (day...day + 2).map(night)
  }
}
