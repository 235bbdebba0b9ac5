/// Notices when a model that had learnt something falls back to chance after it grew.
struct CollapseWatch: Codable {
  private var best = 0.0
  private var reported = 0

  /// Whether `accuracy`, in [0, 1], is a collapse to what guessing gives, `chance`; true once per stage.
  mutating func notices(_ accuracy: Double, stage: Int, chance: Double) -> Bool {
    defer { best = max(best, accuracy) }
    guard stage > 1, reported < stage, best > 2 * chance, accuracy < 1.2 * chance else {
      return false
    }
    reported = stage
    return true
  }
}
