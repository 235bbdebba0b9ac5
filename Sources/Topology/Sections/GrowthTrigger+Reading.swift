import Progressive

extension GrowthTrigger {
  private enum Kind: String, Hashable, CaseIterable {
    case planned, plateau, movement

    /// The keys that say more of it.
    var keys: [String] {
      switch self {
      case .planned: []
      case .plateau: ["patience", "gain"]
      case .movement: ["patience", "window", "level", "slope"]
      }
    }
  }

  /// Reads the keys `when`, `patience`, `gain`, `window`, `level` and `slope` of the section
  /// `stages`.
  init(reading keys: inout KeyReader) {
    let kind = keys.value("when", default: Kind.planned) { cursor in
      cursor.choice("an end of stages", of: Kind.allCases.map { ($0.rawValue, $0) })
    }
    let patience = keys.value("patience", default: 3) { $0.whole(1...1000) }
    let gain = keys.value("gain", default: 0.002) { $0.number(0...1) }
    let window = keys.value("window", default: 5) { $0.whole(2...1000) }
    let level = keys.value("level", default: 0.5) { $0.number(0...1, excluding: 0) }
    let slope = keys.value("slope", default: 0.05) { $0.number(0...1, excluding: 0) }
    switch kind {
    case .planned: self = .planned
    case .plateau: self = .plateau(patience: patience, gain: gain)
    case .movement:
      self = .movement(window: window, patience: patience, level: level, slope: slope)
    }
    guard keys.reading.isSound(keys.full("when")) else { return }
    for key in Set(Kind.allCases.flatMap(\.keys)).subtracting(kind.keys).sorted()
    where keys.has(key) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing where stages end by \(kind.rawValue)",
        remedy: "remove it, or write when: \(key == "gain" ? "plateau" : "movement")")
    }
  }

  /// The trigger as one text.
  var canonical: String {
    switch self {
    case .planned: "planned"
    case .plateau(let patience, let gain): "plateau \(patience) \(gain)"
    case .movement(let window, let patience, let level, let slope):
      "movement \(window) \(patience) \(level) \(slope)"
    }
  }
}
