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
}
