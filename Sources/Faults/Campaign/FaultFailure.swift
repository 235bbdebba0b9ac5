import Federation

/// A seed that broke a promise, with the faults that it takes.
package struct FaultFailure: Hashable, Sendable {
  /// The scenario with the faults that are left.
  package let scenario: FaultScenario
  /// The numbers of these faults among all of the seed's.
  package let faults: [Int]
  /// The promise that they break.
  package let violation: Violation
  /// The promise that was broken on purpose.
  package let mutation: Mutation?

  /// Leaves out of a failing scenario all faults that aren't needed to break the same promise.
  init(of scenario: FaultScenario, violation: Violation, mutation: Mutation?) {
    var kept = Array(scenario.faults.indices)
    var last = violation
    var chunk = max(1, kept.count / 2)
    // Halves first, then smaller parts, then one by one, until none can go.
    while true {
      var start = 0
      var hasShrunk = false
      while start < kept.count {
        let fewer = Array(kept[..<start] + kept[min(start + chunk, kept.count)...])
        let found = FaultScenario(seed: scenario.seed, faults: fewer).play(mutation: mutation)
        if let violation = found.violation, violation.promise == last.promise {
          kept = fewer
          last = violation
          hasShrunk = true
        } else {
          start += chunk
        }
      }
      if chunk == 1, !hasShrunk { break }
      chunk = max(1, chunk / 2)
    }
    self.scenario = FaultScenario(seed: scenario.seed, faults: kept)
    faults = kept
    self.violation = last
    self.mutation = mutation
  }

  /// Plays it again and tells the last `count` things that happened.
  package func trace(last count: Int = 60) -> [String] {
    scenario.play(mutation: mutation, isTraced: true).trace.suffix(count)
  }
}

extension FaultFailure: CustomStringConvertible {
  /// The seed, the faults that are left, the end of the trace, and how to replay it.
  package var description: String {
    var lines = ["seed \(scenario.seed) \(violation)"]
    lines.append(
      "with \(scenario.clients) clients, \(scenario.rules.clientsPerRound) a round, and "
        + (faults.isEmpty ? "no faults" : "these faults:"))
    lines += zip(faults, scenario.faults).map { "  \($0): \($1)" }
    lines += trace().map { "  \($0)" }
    let only = faults.isEmpty ? "none" : faults.map(String.init).joined(separator: ",")
    lines.append("replay: progfed bench faults --seed \(scenario.seed) --only \(only)")
    return lines.joined(separator: "\n")
  }
}
