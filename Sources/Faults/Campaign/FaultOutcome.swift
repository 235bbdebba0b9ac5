/// What came of one scenario.
package struct FaultOutcome: Hashable, Sendable {
  /// The promise that was broken, if any.
  package var violation: Violation?
  /// How many events happened.
  package var events: Int
  /// How many rounds were committed.
  package var rounds: Int
  /// What happened, line by line, if it was to be told.
  package var trace: [String]
}

extension FaultScenario {
  /// Plays the scenario to its end, or until a promise is broken.
  package func play(mutation: Mutation? = nil, isTraced: Bool = false) -> FaultOutcome {
    let simulator = FaultSimulation(self, mutation: mutation, isTraced: isTraced)
    simulator.run()
    return FaultOutcome(
      violation: simulator.violation, events: simulator.events,
      rounds: simulator.disk.committed.count, trace: simulator.trace?.lines ?? [])
  }

  /// The scenario of a seed with a part of its faults, named by their numbers, from 0.
  ///
  /// Numbers that there aren't are passed over: this is how a printed failure is replayed.
  package init(seed: UInt64, faults: [Int]) {
    self.init(seed: seed)
    let all = self.faults
    self.faults = faults.filter(all.indices.contains).sorted().map { all[$0] }
  }
}
