/// A condition that ends a step of the strategy before its longest duration.
public enum GrowthTrigger: Hashable, Sendable {
  /// Nothing: steps last as long as they are planned.
  case planned
  /// The evaluation no longer gets better: none of `patience` evaluations in a row is better than
  /// the step's best by more than `gain`.
  case plateau(patience: Int, gain: Double)
  /// The step's block goes to and fro instead of moving: its effective movement stays low and
  /// level.
  ///
  /// Effective movement is Σ |Σ Δ| / Σ Σ |Δ|, over `window` rounds and then over the block's
  /// parameters (Wu et al., “ProFL”, KDD 2025; per parameter Chen et al., “APF”, ICDCS
  /// 2021). A line is fitted to the last `patience` of these; the step ends when their mean is
  /// below `level` and the line's slope, for each window, is within ± `slope`.
  case movement(window: Int, patience: Int, level: Double, slope: Double)

  /// Over how many rounds movement is measured; nil where it isn't.
  public var window: Int? {
    guard case .movement(let window, _, _, _) = self else { return nil }
    return window
  }
}

/// A trigger's memory of the step that goes on.
struct GrowthWatch: Hashable, Sendable, Codable {
  /// The best evaluation so far.
  private var best: Double?
  /// The number of evaluations since the best one.
  private var misses = 0
  /// The last effective movements, oldest first.
  private var movements: [Double] = []

  /// Takes in an evaluation, larger being better, and whether it is one of a plateau.
  mutating func isLevel(_ quality: Double, patience: Int, gain: Double) -> Bool {
    if let best, quality <= best + gain {
      misses += 1
    } else {
      best = quality
      misses = 0
    }
    return misses >= patience
  }

  /// Takes in an effective movement, and whether the block has come to rest with it.
  mutating func isAtRest(
    _ movement: Double, patience: Int, level: Double, slope limit: Double
  ) -> Bool {
    movements = movements.suffix(patience - 1) + [movement]
    guard movements.count == patience else { return false }
    let mean = movements.reduce(0, +) / Double(patience)
    return mean < level && abs(slope) <= limit
  }

  /// The slope of the line that fits the movements best, by least squares; 0 for fewer than two.
  private var slope: Double {
    let count = Double(movements.count)
    guard count > 1 else { return 0 }
    let (middle, mean) = ((count - 1) / 2, movements.reduce(0, +) / count)
    var (products, squares) = (0.0, 0.0)
    for (index, movement) in movements.enumerated() {
      let distance = Double(index) - middle
      products += distance * (movement - mean)
      squares += distance * distance
    }
    return products / squares
  }
}
