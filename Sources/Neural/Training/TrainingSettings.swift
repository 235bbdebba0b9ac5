/// How a client trains: stochastic gradient descent as PyTorch defines it.
public struct TrainingSettings: Hashable, Sendable {
  /// The step size, η.
  public var learningRate: Float
  /// The share of the former direction that is kept, in [0, 1).
  public var momentum: Float = 0.9
  /// Whether the momentum looks ahead (Nesterov).
  public var nesterov = false
  /// The factor of the squared norm's gradient that is added; applies to all trained parameters.
  public var weightDecay: Float = 1e-4
  /// The largest norm of a step's gradient over all trained parameters; longer ones are shortened.
  public var clipNorm: Float? = 1
  /// The largest mean loss of a batch that is still learned from; above it the step is skipped.
  public var lossLimit: Double = 1e3
  /// The pull towards the values at the start, μ in FedProx; added after clipping.
  public var proximal: Float = 0
  /// Whether dropout layers drop; off for comparisons with references.
  public var drops = true

  /// Settings with the given step size.
  public init(learningRate: Float) { self.learningRate = learningRate }
}
