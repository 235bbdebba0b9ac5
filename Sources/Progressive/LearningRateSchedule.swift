import Foundation
public import Measures

/// The change of the clients' learning rate over the rounds.
public enum LearningRateSchedule: Hashable, Sendable {
  /// The same in each round.
  case constant
  /// lr·(1 + cos(π(t−1)/(T−1)))/2, never below `floor`.
  case cosine(floor: Double)
  /// Multiplied by `factor` at each of the milestones, given as shares of the rounds in [0, 1].
  case multistep(milestones: [Share], factor: Double)
  /// Cosine decay that begins anew every `period` rounds.
  case cosineRestarts(period: Int, floor: Double)
  /// Constant for a share `hold` of the rounds, then cosine decay over the rest.
  case constantThenCosine(hold: Share, floor: Double)

  /// The rate in `round` of `rounds`, counted from 1 without warm-up, for a base rate of `base`.
  public func rate(base: Double, round: Int, of rounds: Int) -> Double {
    precondition(round >= 1 && rounds >= 1, "round \(round) of \(rounds)")
    switch self {
    case .constant: return base
    case .cosine(let floor): return Self.cosine(base, round, rounds, floor)
    case .multistep(let milestones, let factor):
      let passed = milestones.count { round - 1 >= $0.of(rounds, rounded: .up) }
      return base * pow(factor, Double(passed))
    case .cosineRestarts(let period, let floor):
      return Self.cosine(base, (round - 1) % max(1, period) + 1, max(1, period), floor)
    case .constantThenCosine(let hold, let floor):
      let held = hold.of(rounds, rounded: .nearest)
      return round <= held ? base : Self.cosine(base, round - held, rounds - held, floor)
    }
  }

  private static func cosine(
    _ base: Double, _ round: Int, _ rounds: Int, _ floor: Double
  ) -> Double {
    let progress = rounds > 1 ? min(1, Double(round - 1) / Double(rounds - 1)) : 0
    return max(floor, base * (1 + cos(.pi * progress)) / 2)
  }
}
