/// When clients of a kind can take part.
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
