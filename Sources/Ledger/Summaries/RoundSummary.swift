import Measures

/// One round of a run's summary: its facts, with the load that follows from its bookings.
@dynamicMemberLookup
public struct RoundSummary: Hashable, Sendable {
  /// The part that was written as it is read.
  public var facts: RoundFacts
  /// The load of links and devices in the round.
  public var load: Load
  /// The load that the full model would have been.
  public var fullModel: Load
  /// The beginning on the run's clock.
  public var opened: Duration
  /// The round's critical path; nil where the clock is real, or no update counted.
  public var path: CriticalPath?
  /// The models and updates that were sent to and from clients whose updates didn't count.
  public var wasted = TwoWayTraffic.zero

  /// The end on the run's clock.
  public var closed: Duration { opened + facts.elapsed }

  /// A fact of the round.
  public subscript<Value>(dynamicMember path: WritableKeyPath<RoundFacts, Value>) -> Value {
    get { facts[keyPath: path] }
    set { facts[keyPath: path] = newValue }
  }

  /// The value of a kept measure; nil where there is none.
  public subscript(measure: Measure) -> Double? {
    get { facts[measure] }
    set { facts[measure] = newValue }
  }

  /// Puts rounds one after the other: none begins before the one before it has ended.
  ///
  /// So those have a place as well of which older ledgers and objects only tell the duration.
  static func placed(_ rounds: [RoundSummary]) -> [RoundSummary] {
    var end = Duration.zero
    return rounds.map { round in
      var round = round
      round.opened = max(round.opened, end)
      end = round.closed
      return round
    }
  }
}

extension RoundSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case round, stage, warmUp, selected, accepted, late, lost, refused, duplicates, down, up, flops
    case fullModel, elapsed, opened, closed, criticalPath, wasted, fairness
    case discarded
    case classes = "heldOutClasses"
  }

  /// Reads one element of "rounds".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    facts = RoundFacts(
      round: try container.decode(Int.self, forKey: .round),
      stage: try container.decode(Int.self, forKey: .stage),
      warmUp: try container.decode(Bool.self, forKey: .warmUp),
      selected: try container.decode(Int.self, forKey: .selected),
      accepted: try container.decode(Int.self, forKey: .accepted),
      late: try container.decode(Int.self, forKey: .late),
      lost: try container.decode(Int.self, forKey: .lost),
      refused: try container.decode(Int.self, forKey: .refused),
      duplicates: try container.decode(Int.self, forKey: .duplicates),
      elapsed: try container.duration(forKey: .elapsed),
      measures: try MeasureValues(from: decoder),
      fairness: try container.decodeIfPresent(Fairness.self, forKey: .fairness),
      classes: try container.decodeIfPresent([ClassResult].self, forKey: .classes) ?? [],
      discarded: try container.decodeIfPresent(String.self, forKey: .discarded))
    load = try Load(from: decoder)
    fullModel = try container.decode(Load.self, forKey: .fullModel)
    opened = container.contains(.opened) ? try container.duration(forKey: .opened) : .zero
    path = try container.decodeIfPresent(CriticalPath.self, forKey: .criticalPath)
    wasted = try container.decodeIfPresent(TwoWayTraffic.self, forKey: .wasted) ?? .zero
  }

  /// Writes one element of "rounds"; "fairness", "discarded" and some measures only where they are
  /// known.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(facts.round, forKey: .round)
    try container.encode(facts.stage, forKey: .stage)
    try container.encode(facts.warmUp, forKey: .warmUp)
    try container.encode(facts.selected, forKey: .selected)
    try container.encode(facts.accepted, forKey: .accepted)
    try container.encode(facts.late, forKey: .late)
    try container.encode(facts.lost, forKey: .lost)
    try container.encode(facts.refused, forKey: .refused)
    try container.encode(facts.duplicates, forKey: .duplicates)
    try load.encode(to: encoder)
    try container.encode(fullModel, forKey: .fullModel)
    try container.encode(opened.seconds, forKey: .opened)
    try container.encode(closed.seconds, forKey: .closed)
    try container.encode(facts.elapsed.seconds, forKey: .elapsed)
    try facts.measures.encode(to: encoder)
    try container.encodeIfPresent(facts.fairness, forKey: .fairness)
    if !facts.classes.isEmpty { try container.encode(facts.classes, forKey: .classes) }
    try container.encodeIfPresent(facts.discarded, forKey: .discarded)
    try container.encodeIfPresent(path, forKey: .criticalPath)
    try container.encode(wasted, forKey: .wasted)
  }
}
