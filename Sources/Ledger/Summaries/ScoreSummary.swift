/// What a measure of the model came to over a run's evaluated rounds.
public struct ScoreSummary: Hashable, Sendable {
  /// How many evaluations at a run's end ``meanOfLastFive`` is taken over, where there are so many.
  public static let evaluations = 5

  /// The highest value.
  public var best: Double
  /// The value of the last evaluated round.
  public var last: Double
  /// The mean over the last five evaluated rounds: single ones are noisy.
  public var meanOfLastFive: Double

  /// The course of `values`, round after round; nil unless one of them is a finite number.
  public init?(of values: [Double?]) {
    let values = values.compactMap(\.finite)
    guard let best = values.max(), let last = values.last else { return nil }
    self.best = best
    self.last = last
    let end = values.suffix(Self.evaluations)
    meanOfLastFive = end.reduce(0, +) / Double(end.count)
  }

  /// A course of the given figures, as they are read; nil if one is missing.
  init?(best: Double?, last: Double?, meanOfLastFive: Double?) {
    guard let best, let last, let meanOfLastFive else { return nil }
    self.best = best
    self.last = last
    self.meanOfLastFive = meanOfLastFive
  }
}
