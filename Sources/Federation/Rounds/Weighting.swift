/// How much an update counts in the mean, beside its staleness.
public enum Weighting: String, Hashable, Sendable, CaseIterable {
  /// As much as the samples that it was trained on.
  case samples
  /// As much as any other.
  case equal

  /// What an update of a client with so many samples counts for; 0 if it has none, and so can't train.
  public func weight(samples: Int) -> Double {
    switch self {
    case .samples: Double(samples)
    case .equal: samples > 0 ? 1 : 0
    }
  }
}
