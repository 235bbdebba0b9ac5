public import Measures

/// The times when one client can take part: any time can be asked for, in any order.
public struct Availability: Sendable {
  /// The kind.
  public let profile: AvailabilityProfile

  private let random: RandomStream
  private let nights: Nights?

  /// That of a client (from 0) in the run whose root stream is `run`.
  public init(_ profile: AvailabilityProfile, client: Int, run: RandomStream) {
    self.profile = profile
    random = run.stream("availability", client)
    if case .diurnal(let diurnal) = profile {
      nights = Nights(diurnal, random)
    } else {
      nights = nil
    }
  }

  /// True if it can take part.
  public func isAvailable(at time: Duration) -> Bool { isOn(at: VirtualTime(time)) }

  /// True if it is plugged in: at night where there are nights, else while it can take part.
  public func isCharging(at time: Duration) -> Bool {
    nights?.contains(VirtualTime(time)) ?? isAvailable(at: time)
  }

  /// The first time after `time` at which `isAvailable` changes; nil if it never does.
  public func nextChange(after time: Duration) -> Duration? {
    let start = VirtualTime(time)
    switch profile {
    case .always: return nil
    case .onOff(let process): return process.nextChange(after: start, random).duration
    case .trace(let trace): return trace.nextChange(after: start)?.duration
    case .diurnal(let diurnal):
      guard let nights else { return nil }
      let state = isOn(at: start)
      var change = start
      repeat {
        let edge = nights.nextEdge(after: change)
        // By night the turns of the day don't matter.
        let turn = nights.contains(change) ? nil : diurnal.day?.nextChange(after: change, random)
        change = min(edge, turn ?? edge)
      } while isOn(at: change) == state
      return change.duration
    }
  }

  private func isOn(at time: VirtualTime) -> Bool {
    switch profile {
    case .always: true
    case .onOff(let process): process.isOn(at: time, random)
    case .trace(let trace): trace.isOn(at: time)
    case .diurnal(let diurnal):
      nights?.contains(time) == true || diurnal.day?.isOn(at: time, random) == true
    }
  }
}

/// The times when clients of a kind can take part.
public enum AvailabilityProfile: Hashable, Sendable {
  /// At any time.
  case always
  /// In exponential turns.
  indirect case onOff(OnOffProcess)
  /// At night while charging, and in turns by day.
  indirect case diurnal(DiurnalProfile)
  /// As recorded.
  case trace(AvailabilityTrace)

  /// Nearly always: 99 % of the time, away for a minute on average.
  public static var steady: Self {
    .onOff(OnOffProcess(meanOn: .seconds(99 * 60), meanOff: .seconds(60)))
  }

  /// A phone that charges at night and is free for 30 minutes of each two hours by day.
  public static var phone: Self {
    .diurnal(
      DiurnalProfile(day: OnOffProcess(meanOn: .seconds(30 * 60), meanOff: .seconds(90 * 60))))
  }

  /// A vehicle: reachable for 20 seconds, then not for 5.
  public static var vehicular: Self {
    .onOff(OnOffProcess(meanOn: .seconds(20), meanOff: .seconds(5)))
  }

  /// The profile of a name that a topology may use.
  public static func named(_ name: String) -> Self? {
    switch name {
    case "always": .always
    case "steady": .steady
    case "phone": .phone
    case "vehicular": .vehicular
    default: nil
    }
  }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    switch self {
    case .always, .trace: []
    case .onOff(let process): process.problems
    case .diurnal(let diurnal): diurnal.problems
    }
  }
}
