import Progressive

/// The section `stages`: how long each sub-model is trained.
struct StagesSection: Hashable, Sendable {
  /// How many there are to be; nil for as many as the model has.
  var count: Int?
  /// The rounds of each stage, T_s in the paper; nil to derive them.
  var rounds: [Int]?
  /// The rounds of each stage but the last; nil for the paper's rule, T/(2S).
  var each: Int?
  /// The rounds of warm-up at the head of each stage but the first, T_w; nil for the standard.
  var warmUp: Int?

  /// The warm-up where none is asked for: enough for a new head to stop pulling at random.
  static let standardWarmUp = 2

  init(reading keys: inout KeyReader) {
    count = keys.optional("count") { $0.whole(1...100) }
    rounds = keys.optional("rounds") { list in
      let remedy = "write the rounds of each stage, as in [5, 5, 20]"
      let rounds = list.elements("a list of rounds", remedy: remedy, atMost: 100)?
        .map { $0.whole(1...1_000_000) }
      guard let rounds, !rounds.contains(nil) else { return nil as [Int]? }
      return rounds.compactMap { $0 }
    }
    each = keys.optional("each") { $0.whole(1...1_000_000) }
    warmUp = keys.optional("warmUp") { $0.whole(0...1_000_000) }
    if keys.has("rounds"), keys.has("each") {
      keys.reading.report(
        keys.full("each"),
        "\(keys.full("each")) and \(keys.full("rounds")) say the same in two ways",
        remedy: "remove one of them")
    }
  }
}
