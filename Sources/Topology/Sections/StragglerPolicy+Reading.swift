import Federation

extension StragglerPolicy {
  private enum Kind: String, CaseIterable {
    case discard, nextRound, buffered
  }

  /// Reads the keys `stragglers`, `buffer` and `maximalStaleness` of the section `participation`.
  init(reading keys: inout KeyReader) {
    let kind = keys.value("stragglers", default: Kind.discard) { cursor in
      cursor.choice("a way with stragglers", of: Kind.allCases.map { ($0.rawValue, $0) })
    }
    let size = keys.optional("buffer") { $0.whole(1...1_000_000) }
    let staleness = keys.optional("maximalStaleness") { $0.whole(1...1000) }
    let isSound = keys.reading.isSound(keys.full("stragglers"))
    if kind != .buffered, keys.has("buffer"), isSound {
      keys.reading.report(
        keys.full("buffer"), "\(keys.full("buffer")) goes with stragglers: buffered only",
        remedy: "remove it, or write stragglers: buffered")
    }
    if kind == .discard, keys.has("maximalStaleness"), isSound {
      keys.reading.report(
        keys.full("maximalStaleness"),
        "\(keys.full("maximalStaleness")) means nothing where late updates are discarded",
        remedy: "remove it, or write stragglers: nextRound")
    }
    switch kind {
    case .discard: self = .discard
    case .nextRound: self = .nextRound(maximalStaleness: staleness ?? 1)
    case .buffered:
      if size == nil, !keys.has("buffer") {
        keys.reading.report(
          keys.full("stragglers"), "\(keys.full("stragglers")) is buffered, but no size is given",
          remedy: "write how many updates make a step, as in buffer: 10")
      }
      self = .buffered(size: size ?? 1, maximalStaleness: staleness ?? 10)
    }
  }
}
