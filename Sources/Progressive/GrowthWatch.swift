/// What a trigger remembers of the step that goes on.
struct GrowthWatch: Hashable, Sendable, Codable {
  /// The best evaluation so far.
  private var best: Double?
  /// How many evaluations came since the best one.
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
