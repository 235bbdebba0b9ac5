import Foundation

/// The sum of a client's steps of stochastic gradient descent, its update: Δ = −η Σ aₖ gₖ.
///
/// A gradient gₖ counts aₖ times, since momentum repeats it in the steps that follow. Momentum
/// begins at 0 in each round.
public struct LocalSteps: Hashable, Sendable {
  /// The share of the former direction that is kept, ρ in [0, 1).
  public var momentum: Double
  /// True if the momentum looks ahead (Nesterov, as PyTorch defines it).
  public var nesterov: Bool

  /// Steps with the given momentum.
  public init(momentum: Double = 0, nesterov: Bool = false) {
    precondition(momentum >= 0 && momentum < 1, "a momentum of \(momentum)")
    self.momentum = momentum
    self.nesterov = nesterov
  }

  /// The number of gradients that τ steps follow, ‖a‖₁: τ itself without momentum, more
  /// with it.
  ///
  /// Σ (1 − ρᵏ) / (1 − ρ) over k = 1 … τ (Wang et al., NeurIPS 2020, section 4); over k
  /// = 2 … τ + 1 where the momentum looks ahead.
  public func norm(of steps: Int) -> Double {
    guard momentum > 0 else { return Double(steps) }
    let (rest, first) = (1 - momentum, nesterov ? momentum * momentum : momentum)
    return (Double(steps) - first * (1 - pow(momentum, Double(steps))) / rest) / rest
  }

  /// The reach of τ steps along one and the same gradient of 1, ‖a‖₁ η; nil for a reach of
  /// 0.
  ///
  /// An update divided by it is the mean of its gradients.
  public func reach(of steps: Int, rate: Float) -> Double? {
    let reach = norm(of: steps) * Double(rate)
    return reach > 0 && Float(1 / reach).isFinite ? reach : nil
  }
}
