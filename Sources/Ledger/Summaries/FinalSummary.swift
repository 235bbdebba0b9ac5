public import Bytes

/// The end of a run's summary; until the run has ended, its last evaluated round.
public struct FinalSummary: Hashable, Sendable {
  /// The final accuracy; nil if nothing was evaluated.
  public var accuracy: Double?
  /// The final loss; nil if nothing was evaluated.
  public var loss: Double?
  /// The final mean Dice coefficient; nil unless this is segmentation.
  public var dice: Double?
  /// The accuracies on the way; nil if nothing was evaluated.
  public var accuracies: ScoreSummary?
  /// The mean Dice coefficients on the way; nil unless this is segmentation.
  public var dices: ScoreSummary?
  /// The final model's name; nil until there is one.
  public var modelDigest: Digest?
  /// The round whose model is kept as the best one; nil if there is none.
  public var bestRound: Int?
  /// The best model's name; nil if there is none.
  public var bestModelDigest: Digest?

  /// The value of a measure at the run's end; nil where there is none.
  public subscript(measure: Measure) -> Double? {
    switch measure.name {
    case Measure.accuracy.name: accuracy
    case Measure.loss.name: loss
    case Measure.dice.name: dice
    default: nil
    }
  }
}

extension FinalSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case accuracy, loss, dice, modelDigest, best, last, meanOfLastFive
    case bestDice, lastDice, meanOfLastFiveDice, bestRound, bestModelDigest
  }

  /// Reads "final".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    accuracy = try container.decodeIfPresent(Double.self, forKey: .accuracy)
    loss = try container.decodeIfPresent(Double.self, forKey: .loss)
    dice = try container.decodeIfPresent(Double.self, forKey: .dice)
    accuracies = ScoreSummary(
      best: try container.decodeIfPresent(Double.self, forKey: .best),
      last: try container.decodeIfPresent(Double.self, forKey: .last),
      meanOfLastFive: try container.decodeIfPresent(Double.self, forKey: .meanOfLastFive))
    dices = ScoreSummary(
      best: try container.decodeIfPresent(Double.self, forKey: .bestDice),
      last: try container.decodeIfPresent(Double.self, forKey: .lastDice),
      meanOfLastFive: try container.decodeIfPresent(Double.self, forKey: .meanOfLastFiveDice))
    modelDigest = try container.decodeIfPresent(String.self, forKey: .modelDigest)
      .flatMap(Digest.init(hex:))
    bestRound = try container.decodeIfPresent(Int.self, forKey: .bestRound)
    bestModelDigest = try container.decodeIfPresent(String.self, forKey: .bestModelDigest)
      .flatMap(Digest.init(hex:))
  }

  /// Writes "final"; what is of accuracies on the way, and of Dice coefficients, only where there
  /// are any.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(accuracy.finite, forKey: .accuracy)
    try container.encode(loss.finite, forKey: .loss)
    try container.encodeIfPresent(dice.finite, forKey: .dice)
    try container.encodeIfPresent(accuracies?.best, forKey: .best)
    try container.encodeIfPresent(accuracies?.last, forKey: .last)
    try container.encodeIfPresent(accuracies?.meanOfLastFive, forKey: .meanOfLastFive)
    try container.encodeIfPresent(dices?.best, forKey: .bestDice)
    try container.encodeIfPresent(dices?.last, forKey: .lastDice)
    try container.encodeIfPresent(dices?.meanOfLastFive, forKey: .meanOfLastFiveDice)
    try container.encode(modelDigest?.hex, forKey: .modelDigest)
    try container.encodeIfPresent(bestRound, forKey: .bestRound)
    try container.encodeIfPresent(bestModelDigest?.hex, forKey: .bestModelDigest)
  }
}

/// The best, last and smoothed value of a score over a run's evaluated rounds.
public struct ScoreSummary: Hashable, Sendable {
  /// The number of evaluations at a run's end that ``meanOfLastFive`` is taken over, at most.
  public static let evaluations = 5

  /// The highest value.
  public var best: Double
  /// The value of the last evaluated round.
  public var last: Double
  /// The mean over the last five evaluated rounds: single ones are noisy.
  public var meanOfLastFive: Double

  /// The course of `values`, round after round; nil unless one of them is a finite number.
  public init?(of values: [Double?]) {
    let values = values.compactMap(\.finite)
    guard let best = values.max(), let last = values.last else { return nil }
    self.best = best
    self.last = last
    let end = values.suffix(Self.evaluations)
    meanOfLastFive = end.reduce(0, +) / Double(end.count)
  }

  /// A course of the given figures, as they are read; nil if one is missing.
  init?(best: Double?, last: Double?, meanOfLastFive: Double?) {
    guard let best, let last, let meanOfLastFive else { return nil }
    self.best = best
    self.last = last
    self.meanOfLastFive = meanOfLastFive
  }
}
