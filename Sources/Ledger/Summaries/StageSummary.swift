public import Measures

/// All rounds of one stage of a run's summary.
public struct StageSummary: Hashable, Sendable {
  /// The stage, counted from 1.
  public var stage: Int
  /// The number of the stage's rounds.
  public var rounds: Int
  /// The parameters of the sub-model.
  public var parameters: Int
  /// The memory that a client's training takes at its peak; nil where that isn't known.
  public var memory: ByteCount?
  /// The load of links and devices in the rounds.
  public var load: Load
  /// The load that the full model would have been.
  public var fullModel: Load
  /// The rounds' duration on the run's clock, without the waiting between them.
  public var elapsed: Duration
  /// The number of clients that were selected at least once.
  public var participants: Int
  /// The last accuracy that was measured in the stage.
  public var accuracy: Double?
  /// The rounds' critical paths together; nil where they aren't known.
  public var path: CriticalPath?
  /// The models and updates that were sent to and from clients whose updates didn't count.
  public var wasted = TwoWayTraffic.zero

  /// The factors by which less was asked than with the full model.
  public var reduction: Savings { Savings(load, against: fullModel) }

  /// The operations that a client took on average, over those that were selected; nil if none was.
  public var flopsPerParticipant: Double? {
    participants > 0 ? load.flops / Double(participants) : nil
  }

  /// The stages of `rounds`, in order.
  static func stages(of rounds: [RoundSummary], model: ModelDescription, participants: [Int: Int])
    -> [StageSummary]
  {
    Dictionary(grouping: rounds, by: \.stage).sorted { $0.key < $1.key }.map { stage, rounds in
      let loads = rounds.map(\.load)
      let fullModels = rounds.map(\.fullModel)
      let paths = rounds.compactMap(\.path)
      let elapsed = rounds.reduce(Duration.zero) { $0 + $1.elapsed }
      let wasted = rounds.reduce(TwoWayTraffic.zero) { $0 + $1.wasted }
      let accuracy = rounds.last { $0.accuracy != nil }?.accuracy
      return StageSummary(
        stage: stage, rounds: rounds.count, parameters: model.stage(stage)?.parameters ?? 0,
        memory: model.stage(stage)?.memory, load: loads.reduce(.zero, +),
        fullModel: fullModels.reduce(.zero, +), elapsed: elapsed,
        participants: participants[stage] ?? 0, accuracy: accuracy,
        path: paths.isEmpty ? nil : paths.reduce(.zero, +), wasted: wasted)
    }
  }
}

extension StageSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case stage, rounds, parameters, fullModel, elapsed, accuracy, participants, flopsPerParticipant
    case savings, criticalPath, wasted, memory
  }

  /// Reads one element of "stages".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    stage = try container.decode(Int.self, forKey: .stage)
    rounds = try container.decode(Int.self, forKey: .rounds)
    parameters = try container.decode(Int.self, forKey: .parameters)
    memory = try container.decodeIfPresent(ByteCount.self, forKey: .memory)
    load = try Load(from: decoder)
    fullModel = try container.decode(Load.self, forKey: .fullModel)
    elapsed = try container.duration(forKey: .elapsed)
    participants = try container.decodeIfPresent(Int.self, forKey: .participants) ?? 0
    accuracy = try container.decodeIfPresent(Double.self, forKey: .accuracy)
    path = try container.decodeIfPresent(CriticalPath.self, forKey: .criticalPath)
    wasted = try container.decodeIfPresent(TwoWayTraffic.self, forKey: .wasted) ?? .zero
  }

  /// Writes one element of "stages".
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(stage, forKey: .stage)
    try container.encode(rounds, forKey: .rounds)
    try container.encode(parameters, forKey: .parameters)
    try container.encodeIfPresent(memory, forKey: .memory)
    try load.encode(to: encoder)
    try container.encode(fullModel, forKey: .fullModel)
    try container.encode(elapsed.seconds, forKey: .elapsed)
    try container.encode(participants, forKey: .participants)
    try container.encode(flopsPerParticipant.finite, forKey: .flopsPerParticipant)
    try container.encode(reduction, forKey: .savings)
    try container.encode(accuracy.finite, forKey: .accuracy)
    try container.encodeIfPresent(path, forKey: .criticalPath)
    try container.encode(wasted, forKey: .wasted)
  }
}

/// The factors by which less was asked of links and devices than the full model would have asked.
public struct Savings: Hashable, Sendable, Encodable {
  /// The factor by which fewer bytes went over the wire, both ways; nil if none went.
  public var bytes: Double?
  /// The factor by which training took fewer operations; nil if nothing was trained.
  public var flops: Double?

  /// The savings of `load` against what the full model asks for.
  public init(_ load: Load, against fullModel: Load) {
    if load.traffic.wire > .zero, fullModel.traffic.wire > .zero {
      bytes = Double(fullModel.traffic.wire.bytes) / Double(load.traffic.wire.bytes)
    }
    if load.flops > 0, fullModel.flops > 0 { flops = fullModel.flops / load.flops }
  }

  private enum CodingKeys: String, CodingKey {
    case bytes, flops
  }

  /// Writes both; null where there is nothing to compare.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(bytes, forKey: .bytes)
    try container.encode(flops.finite, forKey: .flops)
  }
}
