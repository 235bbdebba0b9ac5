import Measures

extension StageSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case stage, rounds, parameters, fullModel, elapsed, accuracy, participants, flopsPerParticipant
    case savings, criticalPath, wasted
  }

  /// Reads one element of "stages".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    stage = try container.decode(Int.self, forKey: .stage)
    rounds = try container.decode(Int.self, forKey: .rounds)
    parameters = try container.decode(Int.self, forKey: .parameters)
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
