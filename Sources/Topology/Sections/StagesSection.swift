import Progressive

/// The section `stages`: how long each sub-model is trained, and how a new block enters.
struct StagesSection: Hashable, Sendable {
  /// The number of stages; nil for as many as the model has.
  var count: Int?
  /// The rounds of each stage, T_s in the paper; nil to derive them.
  var rounds: [Int]?
  /// The rounds of each stage but the last; nil for the paper's rule, T/(2S).
  var each: Int?
  /// The rounds of warm-up at the head of each stage but the first, T_w; none if nil.
  var warmUp: Int?
  /// The condition that ends a stage before its rounds are over.
  var trigger: GrowthTrigger
  /// The fewest rounds of a stage that a trigger may end; nil for one more than the warm-up.
  var minimum: Int?
  /// True if the learning rate's schedule begins anew with each stage.
  var restartsLearningRate: Bool
  /// Over how many rounds the learning rate of a new block and head rises to the others'.
  var ramp: Int
  /// The first values of a new block and head.
  var entry: BlockEntry?

  init(reading keys: inout KeyReader, strategy: Strategy) {
    // Nothing grows end to end, nor where a plan goes on with a model that has grown.
    let mayBeGrown = strategy == .endToEnd || keys.reading.isPlan
    count = keys.optional("count") { $0.whole(1...100) }
    rounds = keys.optional("rounds") { list in
      let remedy = "write the rounds of each stage, as in [5, 5, 20]"
      let rounds = list.elements("a list of rounds", remedy: remedy, atMost: 100)?
        .map { $0.whole((mayBeGrown ? 0 : 1)...1_000_000) }
      guard let rounds, !rounds.contains(nil) else { return nil as [Int]? }
      let values = rounds.compactMap { $0 }
      guard !values.contains(0) || Self.hasLastAlone(values) else {
        list.report("has a stage of no rounds", remedy: remedy)
        return nil
      }
      return values
    }
    each = keys.optional("each") { $0.whole(1...1_000_000) }
    warmUp = keys.optional("warmUp") { $0.whole(0...1_000_000) }
    trigger = GrowthTrigger(reading: &keys)
    minimum = keys.optional("minimum") { $0.whole(1...1_000_000) }
    let standard = GrowthSchedule(rounds: [1])
    restartsLearningRate = keys.value(
      "restartLearningRate", default: standard.restartsLearningRate
    ) { $0.flag() }
    ramp = keys.value("ramp", default: standard.rampRounds) { $0.whole(0...1_000_000) }
    entry = keys.optional("entry") { cursor in
      cursor.choice("an entry", of: BlockEntry.allCases.map { ($0.rawValue, $0) })
    }
    if keys.has("rounds"), keys.has("each") {
      keys.reading.report(
        keys.full("each"),
        "\(keys.full("each")) and \(keys.full("rounds")) say the same in two ways",
        remedy: "remove one of them")
    }
    if trigger == .planned, keys.has("minimum"), keys.reading.isSound(keys.full("when")) {
      keys.reading.report(
        keys.full("minimum"), "\(keys.full("minimum")) means nothing where stages are as planned",
        remedy: "remove it, or write when: plateau")
    }
  }

  /// True if all rounds are those of the last stage.
  static func hasLastAlone(_ rounds: [Int]) -> Bool {
    rounds.last ?? 0 > 0 && rounds.dropLast().allSatisfy { $0 == 0 }
  }
}

/// The first values of a new block and its head when the model grows.
package enum BlockEntry: String, Hashable, Sendable, CaseIterable {
  /// Random values.
  case random
  /// Values with which the new sub-model computes nearly what the old one did, where the network
  /// allows it.
  case continued

  /// The entry where none is asked for.
  package static let standard = BlockEntry.continued
}
