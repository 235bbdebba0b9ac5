import Measures

/// One round of a run's summary.
public struct RoundSummary: Hashable, Sendable {
  /// The round, counted from 1.
  public var round: Int
  /// The stage, counted from 1.
  public var stage: Int
  /// True if only the new block and head were trained.
  public var warmUp: Bool
  /// The number of clients that were asked to train.
  public var selected: Int
  /// The number of updates that counted.
  public var accepted: Int
  /// The number of updates that came too late.
  public var late: Int
  /// The number of updates that never came.
  public var lost: Int
  /// The number of updates that were turned away.
  public var refused: Int
  /// The number of updates that came again.
  public var duplicates: Int
  /// The load of links and devices in the round.
  public var load: Load
  /// The load that the full model would have been.
  public var fullModel: Load
  /// When the round began, on the run's clock.
  public var opened: Duration
  /// The round's duration on the run's clock.
  public var elapsed: Duration
  /// The accuracy after the round; nil if not evaluated.
  public var accuracy: Double?
  /// The loss after the round; nil if not evaluated.
  public var loss: Double?
  /// The clients' learning rate; nil where that isn't known.
  public var learningRate: Double?
  /// The mean of the clients' own losses while they trained, by their samples; nil where that isn't
  /// known.
  public var trainingLoss: Double?
  /// The mean Dice coefficient after the round; nil unless this is segmentation.
  public var dice: Double?
  /// The accuracy's spread over the clients; nil where that isn't known.
  public var fairness: Fairness?
  /// The squared norm of the full model's gradient on some training samples; nil where that isn't
  /// known.
  public var squaredGradientNorm: Double?
  /// The round's critical path; nil where the clock is real, or no update counted.
  public var path: CriticalPath?
  /// The models and updates that were sent to and from clients whose updates didn't count.
  public var wasted = TwoWayTraffic.zero

  /// When the round had ended, on the run's clock.
  public var closed: Duration { opened + elapsed }

  /// Puts rounds one after the other: none begins before the one before it has ended.
  ///
  /// So those have a place as well of which older ledgers and objects only tell how long they took.
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

  /// Writes one element of "rounds"; "dice", "fairness" and "squaredGradientNorm" only where there
  /// is one.
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
