import Bytes
import Foundation
import Measures

extension RunSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case format, name, seed, clock, transport, strategy, codecs, state, plannedRounds, elapsed
    case wallClock, model, rounds, stages, totals, fullModel, sockets, offered, kinds, counters
    case problem, savings, flopsSavings, meter, groups, partition, milestones, final, waiting
    case extends, costModel, normalization
  }

  /// The part of a milestone that is read: the rest follows from the rounds.
  private struct Target: Decodable {
    let accuracy: Double
  }

  /// Reads the object; fields that it doesn't know are passed over.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let format = try container.decode(Int.self, forKey: .format)
    guard format == Self.format else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: container, debugDescription: "format \(format), not \(Self.format)")
    }
    name = try container.decode(String.self, forKey: .name)
    seed = try container.decode(UInt64.self, forKey: .seed)
    clock = try container.decode(String.self, forKey: .clock)
    transport = try container.decode(String.self, forKey: .transport)
    strategy = try container.decode(String.self, forKey: .strategy)
    codecs = try container.decode(CodecNames.self, forKey: .codecs)
    state = try container.decode(RunState.self, forKey: .state)
    plannedRounds = try container.decode(Int.self, forKey: .plannedRounds)
    elapsed = try container.duration(forKey: .elapsed)
    wallClock =
      try container.decodeNil(forKey: .wallClock)
      ? nil : container.duration(forKey: .wallClock)
    model = try container.decode(ModelDescription.self, forKey: .model)
    rounds = RoundSummary.placed(try container.decode([RoundSummary].self, forKey: .rounds))
    stages = try container.decode([StageSummary].self, forKey: .stages)
    totals = try container.decode(Load.self, forKey: .totals)
    fullModel = try container.decode(Load.self, forKey: .fullModel)
    sockets = try container.decode(TwoWayTraffic.self, forKey: .sockets)
    offered = try container.decode(TwoWayTraffic.self, forKey: .offered)
    let named = try container.decode([String: TwoWayTraffic].self, forKey: .kinds)
    kinds = [:]
    for (name, traffic) in named {
      if let kind = TrafficKind(rawValue: name) { kinds[kind] = traffic }
    }
    counters = try container.decode([String: Int].self, forKey: .counters)
    meter = try container.decodeIfPresent(MeterSummary.self, forKey: .meter)
    groups = try container.decodeIfPresent([ClientGroup].self, forKey: .groups) ?? []
    partition = try container.decodeIfPresent(PartitionSummary.self, forKey: .partition)
    targets =
      try container.decodeIfPresent([Target].self, forKey: .milestones)?.map(\.accuracy) ?? []
    final = try container.decode(FinalSummary.self, forKey: .final)
    extends = try container.decodeIfPresent(ExtendedRun.self, forKey: .extends)
    isOfCostModel = try container.decodeIfPresent(Bool.self, forKey: .costModel) ?? false
    normalization = try container.decodeIfPresent(
      MeasuredNormalization.self, forKey: .normalization)
  }

  /// Writes the object; what isn't known is null, and so is what isn't a finite number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.format, forKey: .format)
    try container.encode(name, forKey: .name)
    try container.encode(seed, forKey: .seed)
    try container.encode(clock, forKey: .clock)
    try container.encode(transport, forKey: .transport)
    try container.encode(strategy, forKey: .strategy)
    try container.encode(codecs, forKey: .codecs)
    try container.encode(state, forKey: .state)
    try container.encode(problem, forKey: .problem)
    try container.encode(plannedRounds, forKey: .plannedRounds)
    try container.encode(elapsed.seconds, forKey: .elapsed)
    try container.encode(waiting.seconds, forKey: .waiting)
    try container.encode(wallClock?.seconds, forKey: .wallClock)
    try container.encode(model, forKey: .model)
    try container.encode(rounds, forKey: .rounds)
    try container.encode(stages, forKey: .stages)
    try container.encode(totals, forKey: .totals)
    try container.encode(fullModel, forKey: .fullModel)
    try container.encode(sockets, forKey: .sockets)
    try container.encode(offered, forKey: .offered)
    let named = kinds.map { ($0.key.rawValue, $0.value) }
    try container.encode(Dictionary(uniqueKeysWithValues: named), forKey: .kinds)
    try container.encode(counters, forKey: .counters)
    try container.encode(savings, forKey: .savings)
    try container.encode(reduction.flops.finite, forKey: .flopsSavings)
    try container.encode(meter, forKey: .meter)
    try container.encode(groups, forKey: .groups)
    try container.encodeIfPresent(partition, forKey: .partition)
    try container.encode(milestones, forKey: .milestones)
    try container.encode(final, forKey: .final)
    try container.encodeIfPresent(extends, forKey: .extends)
    if isOfCostModel { try container.encode(true, forKey: .costModel) }
    try container.encodeIfPresent(normalization, forKey: .normalization)
  }

  /// The object as text, its keys sorted: on one line, or indented.
  public func json(pretty: Bool = true) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension Optional<Double> {
  /// The number if it is finite: JSON knows no others.
  var finite: Double? { flatMap { $0.isFinite ? $0 : nil } }
}

extension KeyedDecodingContainer {
  /// A duration that is written as seconds.
  func duration(forKey key: Key) throws -> Duration {
    let seconds = try decode(Double.self, forKey: key)
    guard let duration = Duration(plausible: seconds) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "\(seconds) s are no duration")
    }
    return duration
  }
}
