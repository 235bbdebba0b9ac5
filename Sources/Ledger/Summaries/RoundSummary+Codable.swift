import Measures

extension RoundSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case round, stage, warmUp, selected, accepted, late, lost, refused, duplicates, down, up, flops
    case fullModel, elapsed, accuracy, loss, dice, opened, closed, criticalPath, wasted
    case fairness, squaredGradientNorm, learningRate, trainingLoss
  }

  /// Reads one element of "rounds".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    round = try container.decode(Int.self, forKey: .round)
    stage = try container.decode(Int.self, forKey: .stage)
    warmUp = try container.decode(Bool.self, forKey: .warmUp)
    selected = try container.decode(Int.self, forKey: .selected)
    accepted = try container.decode(Int.self, forKey: .accepted)
    late = try container.decode(Int.self, forKey: .late)
    lost = try container.decode(Int.self, forKey: .lost)
    refused = try container.decode(Int.self, forKey: .refused)
    duplicates = try container.decode(Int.self, forKey: .duplicates)
    load = try Load(from: decoder)
    fullModel = try container.decode(Load.self, forKey: .fullModel)
    opened = container.contains(.opened) ? try container.duration(forKey: .opened) : .zero
    elapsed = try container.duration(forKey: .elapsed)
    accuracy = try container.decodeIfPresent(Double.self, forKey: .accuracy)
    loss = try container.decodeIfPresent(Double.self, forKey: .loss)
    learningRate = try container.decodeIfPresent(Double.self, forKey: .learningRate)
    trainingLoss = try container.decodeIfPresent(Double.self, forKey: .trainingLoss)
    dice = try container.decodeIfPresent(Double.self, forKey: .dice)
    fairness = try container.decodeIfPresent(Fairness.self, forKey: .fairness)
    squaredGradientNorm = try container.decodeIfPresent(
      Double.self, forKey: .squaredGradientNorm)
    path = try container.decodeIfPresent(CriticalPath.self, forKey: .criticalPath)
    wasted = try container.decodeIfPresent(TwoWayTraffic.self, forKey: .wasted) ?? .zero
  }

  /// Writes one element of "rounds"; "dice", "fairness" and "squaredGradientNorm" only where there is one.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(round, forKey: .round)
    try container.encode(stage, forKey: .stage)
    try container.encode(warmUp, forKey: .warmUp)
    try container.encode(selected, forKey: .selected)
    try container.encode(accepted, forKey: .accepted)
    try container.encode(late, forKey: .late)
    try container.encode(lost, forKey: .lost)
    try container.encode(refused, forKey: .refused)
    try container.encode(duplicates, forKey: .duplicates)
    try load.encode(to: encoder)
    try container.encode(fullModel, forKey: .fullModel)
    try container.encode(opened.seconds, forKey: .opened)
    try container.encode(closed.seconds, forKey: .closed)
    try container.encode(elapsed.seconds, forKey: .elapsed)
    try container.encode(accuracy.finite, forKey: .accuracy)
    try container.encode(loss.finite, forKey: .loss)
    try container.encode(learningRate.finite, forKey: .learningRate)
    try container.encode(trainingLoss.finite, forKey: .trainingLoss)
    try container.encodeIfPresent(dice.finite, forKey: .dice)
    try container.encodeIfPresent(fairness, forKey: .fairness)
    try container.encodeIfPresent(squaredGradientNorm.finite, forKey: .squaredGradientNorm)
    try container.encodeIfPresent(path, forKey: .criticalPath)
    try container.encode(wasted, forKey: .wasted)
  }
}
