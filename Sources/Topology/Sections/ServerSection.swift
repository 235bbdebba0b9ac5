package import Federation

/// The section `server`: how the broker turns the clients' mean update into a step of the model.
package struct ServerSection: Hashable, Sendable {
  /// The rule, with all its values.
  package var rule = ServerRule.plain
  /// The weight in that mean of clients that made different numbers of steps.
  package var averaging = Averaging.mean
}

extension ServerSection {
  private enum Choice: Hashable {
    case average
    case adaptive(AdaptiveRule.Kind)
  }

  init(reading keys: inout KeyReader) {
    let choices: [(String, Choice)] =
      [("fedavg", .average)] + AdaptiveRule.Kind.allCases.map { ($0.rawValue, .adaptive($0)) }
    let choice = keys.value("optimizer", default: .average) {
      $0.choice("a server optimizer", of: choices)
    }
    var adaptive = AdaptiveRule(.adam)
    if case .adaptive(let kind) = choice { adaptive = AdaptiveRule(kind) }
    let isAdaptive = choice != .average
    if !isAdaptive, case .average(let rate, let momentum) = rule {
      (adaptive.rate, adaptive.momentum) = (rate, momentum)
    }
    adaptive.rate = keys.value("learningRate", default: adaptive.rate) {
      $0.number(0...1000, excluding: 0)
    }
    adaptive.momentum = keys.value("momentum", default: adaptive.momentum) {
      $0.number(0...1, excluding: 1)
    }
    adaptive.beta2 = keys.value("beta2", formerly: "decay", default: adaptive.beta2) {
      $0.number(0...1, excluding: 1)
    }
    adaptive.epsilon = keys.value("epsilon", formerly: "floor", default: adaptive.epsilon) {
      $0.number(0...1, excluding: 0)
    }
    averaging = keys.value("averaging", default: averaging) {
      $0.choice("a way of averaging", of: Averaging.allCases.map { ($0.rawValue, $0) })
    }
    rule =
      isAdaptive
      ? .adaptive(adaptive) : .average(rate: adaptive.rate, momentum: adaptive.momentum)
    let beta2 = ["beta2", "decay"]
    for key in beta2 + ["epsilon", "floor"] where keys.has(key) {
      guard !isAdaptive || (beta2.contains(key) && adaptive.kind == .adagrad) else { continue }
      guard keys.reading.isSound(keys.full("optimizer")) else { continue }
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing to this server optimizer",
        remedy: "remove it, or write optimizer: fedadam")
    }
  }
}
