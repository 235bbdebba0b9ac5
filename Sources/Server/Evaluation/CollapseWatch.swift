/// Notices when a model that has grown is no better than guessing: it has fallen there, or can't get away from there.
package struct CollapseWatch: Codable {
  private var best = 0.0
  private var reported = 0
  /// Evaluations at chance since the last better one; nil in checkpoints of before it was counted.
  private var lowInARow: Int?

  /// A watch that has seen nothing.
  package init() {}

  /// Whether `accuracy`, in [0, 1], is a collapse to what guessing gives, `chance`; true once per stage.
  ///
  /// A model that had learnt something, more than twice of what guessing gives, collapses by one such accuracy;
  /// any other by the third in a row since it first grew.
  package mutating func notices(_ accuracy: Double, stage: Int, chance: Double) -> Bool {
    defer { best = max(best, accuracy) }
    guard stage > 1, accuracy < 1.2 * chance else {
      lowInARow = 0
      return false
    }
    let inARow = (lowInARow ?? 0) + 1
    lowInARow = inARow
    guard reported < stage, best > 2 * chance || inARow >= 3 else { return false }
    reported = stage
    return true
  }
}
