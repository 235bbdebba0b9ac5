/// The rule by which the server turns the clients' mean update Δ into a step of the model.
public enum ServerRule: Hashable, Sendable {
  /// x ← x + η m with m ← β m + Δ: FedAvg for η = 1 and β = 0 (Reddi et al., ICLR 2021, algorithm
  /// 1).
  case average(rate: Double, momentum: Double)
  /// A step scaled for each parameter by what its updates were like (Reddi et al., algorithm 2).
  case adaptive(AdaptiveRule)

  /// x ← x + Δ (McMahan et al., AISTATS 2017).
  public static let plain = ServerRule.average(rate: 1, momentum: 0)

  /// True if it keeps anything from one round to the next.
  public var hasMemory: Bool {
    switch self {
    case .average(_, let momentum): momentum > 0
    case .adaptive: true
    }
  }

  /// The rule in a plan: the text by which runs of all versions tell whether they go on with the
  /// same rule.
  package var planText: String {
    switch self {
    case .average(let rate, let momentum): "average(rate: \(rate), momentum: \(momentum))"
    case .adaptive(let rule):
      "adaptive(Federation.AdaptiveRule(kind: Federation.AdaptiveRule.Kind.\(rule.kind), "
        + "rate: \(rule.rate), momentum: \(rule.momentum), decay: \(rule.beta2), "
        + "floor: \(rule.epsilon)))"
    }
  }
}

/// A server optimizer with a learning rate for each parameter: x ← x + η m / (√v + τ).
///
/// m ← β₁ m + (1 − β₁) Δ throughout, without correction of its bias, as in Reddi et al., “Adaptive
/// Federated Optimization”, ICLR 2021, algorithm 2.
public struct AdaptiveRule: Hashable, Sendable {
  /// The rule by which v follows the squares of the updates.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// v ← v + Δ².
    case adagrad = "fedadagrad"
    /// v ← β₂ v + (1 − β₂) Δ².
    case adam = "fedadam"
    /// v ← v − (1 − β₂) Δ² sign(v − Δ²).
    case yogi = "fedyogi"
  }

  /// The rule by which v follows the squares of the updates.
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

/// The weight in the mean of clients that made different numbers of local steps.
public enum Averaging: String, Hashable, Sendable, CaseIterable {
  /// Updates as they are: a client with more steps moves the model more (FedAvg).
  case mean
  /// Updates for each step of theirs, times their mean number of steps (FedNova; Wang et al.,
  /// NeurIPS 2020).
  case fednova
}
