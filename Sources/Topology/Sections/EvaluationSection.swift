/// The section `evaluation`: when the global model is tested.
package struct EvaluationSection: Hashable, Sendable {
  /// Every how many rounds; 0 for the last round only.
  package var every: Int
  /// After how many of the last rounds it is tested in any case, whose mean is what a run came to.
  package var last: Int
  /// How many test samples are computed at a time.
  package var batch: Int
  /// How many training samples the full model's gradient is taken over after each test; 0 for none.
  package var gradient: Int

  init(reading keys: inout KeyReader) {
    every = keys.value("every", default: 1) { $0.whole(0...1_000_000) }
    last = keys.value("last", default: 1) { $0.whole(1...1000) }
    batch = keys.value("batch", default: 100) { $0.whole(1...65_536) }
    gradient = keys.value("gradient", default: 0) { $0.whole(0...1_000_000) }
  }

  /// Whether the model is tested after `round` of `rounds`; always after the last ones.
  package func isDue(after round: Int, of rounds: Int) -> Bool {
    round > rounds - last || (every > 0 && round.isMultiple(of: every))
  }
}
