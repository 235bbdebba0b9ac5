import Progressive

/// The section `stages`: how long each sub-model is trained, and how a new block enters.
struct StagesSection: Hashable, Sendable {
  /// The number of stages; nil for as many as the model has.
  var count: Int?
  /// The rounds of each stage, T_s in the paper; nil to derive them.
  var rounds: [Int]?
  /// The rounds of each stage but the last; nil to derive them.
  var each: Int?
  /// The rule by which they are derived.
  var rule: StageRule
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
  /// The turns by which rounds of the full model train parts of it; nil for those of the strategy.
  var parts: PartCycle?
  /// The number of blocks that rest in a round; nil for that of the strategy.
  var resting: Int?

  init(reading keys: inout KeyReader, strategy: Strategy) {
    // Nothing grows end to end, nor where a plan goes on with a model that has grown.
    let mayBeGrown = strategy.isOneStep || keys.reading.isPlan
    count = keys.optional("count") { $0.whole(1...100) }
    rounds = keys.optional("rounds") { list in
      let remedy = "write the rounds of each stage, as in [5, 5, 20]"
      let rounds = list.elements("a list of rounds", remedy: remedy, atMost: 100)?
        .map { $0.whole(0...1_000_000) }
      guard let rounds, !rounds.contains(nil) else { return nil as [Int]? }
      let values = rounds.compactMap { $0 }
      guard values.last ?? 0 > 0 else {
        list.report("gives the last stage no rounds", remedy: remedy)
        return nil
      }
      guard strategy != .layerwise || mayBeGrown || !values.contains(0) else {
        list.report(
          "has a stage of no rounds, whose block no other stage of \(strategy.rawValue) trains",
          remedy: "write 1 at least for each stage, or strategy: progressive")
        return nil
      }
      return values
    }
    each = keys.optional("each") { $0.whole(1...1_000_000) }
    rule = keys.value("rule", default: .horizon) { cursor in
      cursor.choice("a rule", of: StageRule.allCases.map { ($0.rawValue, $0) })
    }
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
    parts = keys.optional("parts") { $0.keys { PartCycle(reading: &$0) } }
    resting = keys.optional("resting") { $0.whole(0...100) }
    if keys.has("rounds"), keys.has("each") {
      keys.reading.report(
        keys.full("each"),
        "\(keys.full("each")) and \(keys.full("rounds")) say the same in two ways",
        remedy: "remove one of them")
    }
    if keys.has("rule"), let key = ["rounds", "each"].first(where: { keys.has($0) }) {
      keys.reading.report(
        keys.full("rule"),
        "\(keys.full("rule")) derives the rounds that \(keys.full(key)) already gives",
        remedy: "remove one of them")
    }
    if trigger != .planned, keys.has("rule"), rounds == nil, each == nil,
      keys.reading.isSound(keys.full("when"), keys.full("rule"))
    {
      keys.reading.report(
        keys.full("rule"),
        "\(keys.full("rule")) means nothing where \(keys.full("when")) ends stages: each may last "
          + "for a stage's part of all rounds",
        remedy: "remove it, or write when: planned; \(keys.full("each")) says another most")
    }
    if trigger == .planned, keys.has("minimum"), keys.reading.isSound(keys.full("when")) {
      keys.reading.report(
        keys.full("minimum"), "\(keys.full("minimum")) means nothing where stages are as planned",
        remedy: "remove it, or write when: plateau")
    }
  }
}

/// A rule that gives the stages of a growing model their rounds.
enum StageRule: String, Hashable, Sendable, CaseIterable {
  /// By the number of all rounds and by what each sub-model is worth.
  case horizon
  /// T/(2S) for each stage but the last (Wang et al., “ProgFed”, ICML 2022, section 3).
  case paper
}

/// The first values of a new block and its head when the model grows.
package enum BlockEntry: String, Hashable, Sendable, CaseIterable {
  /// Random values.
  case random
  /// Values with which the new sub-model computes nearly what the old one did, where the network
  /// allows it.
  case continued

  /// The entry after stages whose rounds the file gives.
  package static let standard = BlockEntry.continued
}

extension PartCycle {
  /// Reads the keys `full` and `each`.
  init(reading keys: inout KeyReader) {
    self.init(
      full: keys.value("full", default: Self.standard.full) { $0.whole(0...1_000_000) },
      each: keys.value("each", default: Self.standard.each) { $0.whole(1...1_000_000) },
      rounds: keys.optional("rounds") { $0.whole(0...1_000_000) })
  }

  /// The turns as one text.
  var canonical: String {
    "\(full) of all and \(each) of each block"
      + (rounds.map { ", for \($0) rounds" } ?? "")
  }
}
