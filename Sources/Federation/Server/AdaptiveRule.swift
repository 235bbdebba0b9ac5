/// A server optimizer with a learning rate for each parameter: x ← x + η m / (√v + τ).
///
/// m ← β₁ m + (1 − β₁) Δ throughout, without correction of its bias, as in Reddi et al., “Adaptive
/// Federated Optimization”, ICLR 2021, algorithm 2.
public struct AdaptiveRule: Hashable, Sendable {
  /// How v follows the squares of the updates.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// v ← v + Δ².
    case adagrad = "fedadagrad"
    /// v ← β₂ v + (1 − β₂) Δ².
    case adam = "fedadam"
    /// v ← v − (1 − β₂) Δ² sign(v − Δ²).
    case yogi = "fedyogi"
  }

  /// How v follows the squares of the updates.
  public var kind: Kind
  /// The step's factor, η.
  public var rate: Double
  /// The share of the former direction that is kept, β₁ in [0, 1).
  public var momentum: Double
  /// The share of the former squares that is kept, β₂ in [0, 1); Adagrad keeps all.
  public var beta2: Double
  /// The addend that keeps steps finite, τ; the first v is τ².
  public var epsilon: Double

  /// A rule of the given kind, with the values of the paper's experiments where none are told.
  public init(
    _ kind: Kind, rate: Double = 0.01, momentum: Double? = nil, beta2: Double = 0.99,
    epsilon: Double = 1e-3
  ) {
    self.kind = kind
    self.rate = rate
    self.momentum = momentum ?? (kind == .adagrad ? 0 : 0.9)
    self.beta2 = beta2
    self.epsilon = epsilon
  }
}
