/// What a training did.
public struct TrainingOutcome: Hashable, Sendable {
  /// The samples seen, those of skipped steps included.
  public var samples = 0
  /// The steps made.
  public var steps = 0
  /// The steps left out because the loss was above the limit.
  public var skippedSteps = 0
  /// The step, counted from 1, whose loss or gradient wasn't finite, which ended the training.
  public var divergedAt: Int?
  /// The sum of the losses of the samples learned from.
  public var lossSum = 0.0
  /// The samples learned from.
  public var learnedSamples = 0
  /// The labels learned from, one a sample or one a pixel, that were predicted before their step.
  public var correct = 0

  /// The mean loss of the samples learned from; 0 if there were none.
  public var meanLoss: Double { learnedSamples > 0 ? lossSum / Double(learnedSamples) : 0 }

  /// Nothing done yet.
  public init() {}
}
