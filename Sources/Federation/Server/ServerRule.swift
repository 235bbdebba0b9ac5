/// How the broker turns the clients' mean update Δ into a step of the model.
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
}
