/// How a client trains: stochastic gradient descent or Adam, as PyTorch defines them.
public struct TrainingSettings: Hashable, Sendable {
  /// What is made of a gradient.
  public enum Optimizer: String, Hashable, Sendable, CaseIterable {
    /// A step along it, with momentum.
    case sgd
    /// A step along its running mean, each scalar by its own running size (Kingma, Ba, 2015).
    case adam
  }

  /// What is made of a gradient.
  public var optimizer = Optimizer.sgd
  /// The step size, η.
  public var learningRate = 0.05
  /// What the step size of each segment is multiplied with, in the network's order; empty for 1.
  ///
  /// A factor of 0 leaves the values as they are, but for running statistics; clipping counts all gradients.
  public var rateFactors: [Float] = []
  /// The share of the former direction that is kept, in [0, 1); Adam's β₁.
  public var momentum = 0.9
  /// Whether SGD's momentum looks ahead (Nesterov).
  public var nesterov = false
  /// The share of the former squares that Adam keeps, in [0, 1), β₂.
  public var beta2 = 0.999
  /// What Adam adds to a scalar's running size, ε.
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
  /// Whether dropout layers drop; off for comparisons with references.
  public var drops = true

  /// The settings by default.
  public init() {}

  /// The settings by default but for the step size.
  public init(learningRate: Double) { self.learningRate = learningRate }
}
