/// Whom a round asks first.
public enum Sampling: String, Hashable, Sendable, CaseIterable {
  /// Anybody, with equal odds.
  case uniform
  /// Those who had the fewest turns so far; among equals, by lot.
  case fair
  /// Those who lately delivered when they were asked, with better odds; nobody's are nil.
  case available
}
