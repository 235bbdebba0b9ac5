/// What ends a step of the strategy before its longest duration.
public enum GrowthTrigger: Hashable, Sendable {
  /// Nothing: steps last as long as they are planned.
  case planned
  /// The evaluation no longer gets better: none of `patience` evaluations in a row is better than the step's
  /// best by more than `gain`.
  case plateau(patience: Int, gain: Double)
  /// The step's block goes to and fro instead of moving: its effective movement stays low and level.
  ///
  /// Effective movement is Σ |Σ Δ| / Σ Σ |Δ|, over `window` rounds and then over the block's parameters (Wu et al.,
  /// “ProFL”, KDD 2025; per parameter Chen et al., “APF”, ICDCS 2021). A line is fitted to the last `patience` of
  /// these; the step ends when their mean is below `level` and the line's slope, for each window, is
  /// within ± `slope`.
  case movement(window: Int, patience: Int, level: Double, slope: Double)

  /// Over how many rounds movement is measured; nil where it isn't.
  public var window: Int? {
    guard case .movement(let window, _, _, _) = self else { return nil }
    return window
  }
}
