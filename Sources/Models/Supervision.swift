/// Which heads a sub-model is trained by.
public enum Supervision: Hashable, Sendable {
  /// The newest head alone, as in the paper.
  case newest
  /// All heads up to the newest one: the loss is the mean of theirs.
  case all
}
