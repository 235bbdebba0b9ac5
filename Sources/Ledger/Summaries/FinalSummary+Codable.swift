import Bytes

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

  /// Writes "final"; what is of accuracies on the way, and of Dice coefficients, only where there are any.
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
