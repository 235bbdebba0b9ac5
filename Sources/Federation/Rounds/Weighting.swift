/// How much an update counts in the mean, beside its staleness.
public enum Weighting: String, Hashable, Sendable, CaseIterable {
  /// As much as the samples that it was trained on.
  case samples
  /// As much as any other.
  case equal
}
