/// The settings of a client's training: stochastic gradient descent or Adam, as PyTorch defines
/// them.
public struct TrainingSettings: Hashable, Sendable {
  /// The rule that makes a step of a gradient.
  public enum Optimizer: String, Hashable, Sendable, CaseIterable {
    /// A step along it, with momentum.
    case sgd
    /// A step along its running mean, each scalar by its own running size (Kingma, Ba, 2015).
    case adam
  }

  /// The rule that makes a step of a gradient.
  public var optimizer = Optimizer.sgd
  /// The step size, η.
  public var learningRate = 0.05
  /// The factor to the step size of each segment, in the network's order; empty for 1.
  ///
  /// A factor of 0 leaves the values as they are, but for running statistics; clipping counts all
  /// gradients.
  public var rateFactors: [Float] = []
  /// The share of the former direction that is kept, in [0, 1); Adam's β₁.
  public var momentum = 0.9
  /// True if SGD's momentum looks ahead (Nesterov).
  public var nesterov = false
  /// The share of the former squares that Adam keeps, in [0, 1), β₂.
  public var beta2 = 0.999
  /// The number that Adam adds to a scalar's running size, ε.
  public var epsilon = 1e-8
  /// The factor of the squared norm's gradient that is added; applies to all trained parameters.
  public var weightDecay = 1e-4
  /// The largest norm of a step's gradient over all trained parameters; longer ones are shortened.
  public var clipNorm: Double? = 1
  /// The largest mean loss of a batch that is still learned from; above it the step is skipped.
  ///
  /// By default that of ProgFed's authors.
  public var lossLimit = 10.0
  /// The pull towards the values at the start, μ in FedProx; added after clipping.
  public var proximal = 0.0
  /// True if dropout layers drop; off for comparisons with references.
  public var drops = true

  /// The settings by default.
  public init() {}

  /// The settings by default but for the step size.
  public init(learningRate: Double) { self.learningRate = learningRate }
}

/// The objective of a network's training: the labels of a sample and the loss that is computed of
/// them.
public enum Objective: Hashable, Sendable {
  /// A class for each sample, by the cross-entropy of the softmax over C scalars.
  case classes
  /// A class for each pixel, by a loss over a mask of logits `[C, H, W]`.
  case pixels(PixelLoss)
}

/// The loss of one sample's mask; class 0 is the background.
public enum PixelLoss: String, Hashable, Sendable, CaseIterable {
  /// The mean over the pixels of the cross-entropy of the softmax over classes.
  case crossEntropy = "cross-entropy"
  /// 1 minus the mean over the foreground classes of the soft Dice coefficient.
  ///
  /// The coefficient of class c is (2 Σ p y + 1) / (Σ p + Σ y + 1), summed over the sample's
  /// pixels; p is the softmax of the logits and y is 1 where c is right, else 0 (Milletari et al.,
  /// 2016, without squares).
  case dice
  /// The sum of both.
  case crossEntropyAndDice = "cross-entropy+dice"

  /// The factors to the two losses.
  var weights: (crossEntropy: Double, dice: Double) {
    switch self {
    case .crossEntropy: (1, 0)
    case .dice: (0, 1)
    case .crossEntropyAndDice: (1, 1)
    }
  }
}

/// The outcome of a training.
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
