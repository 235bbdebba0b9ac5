/// How well a model does on samples that it isn't trained on.
public struct Evaluation: Hashable, Sendable {
  /// The samples seen.
  public var samples = 0
  /// The samples whose largest logit is that of their class.
  public var correct = 0
  /// The sum of the samples' losses.
  public var lossSum = 0.0

  /// The share of right answers; 0 if there were no samples.
  public var accuracy: Double { samples > 0 ? Double(correct) / Double(samples) : 0 }
  /// The mean loss; 0 if there were no samples.
  public var meanLoss: Double { samples > 0 ? lossSum / Double(samples) : 0 }

  /// Nothing seen yet.
  public init() {}
}
