import Measures

/// The outcome of one scenario.
package struct FaultOutcome: Hashable, Sendable {
  /// The promise that was broken, if any.
  package var violation: Violation?
  /// The number of events.
  package var events: Int
  /// The number of rounds that were committed.
  package var rounds: Int
  /// The time that was played, and what went wrong in it.
  package var toll: FaultToll
  /// The events in words, line by line, if they were to be told.
  package var trace: [String]
}

/// The time that was played, and what went wrong in it.
package struct FaultToll: Hashable, Sendable {
  /// The virtual time.
  package var time: Duration = .zero
  /// The processes that died, of broker and workers.
  package var crashes = 0
  /// The times that a machine lost its power, the broker's or a worker's.
  package var powerLosses = 0
  /// The syncs and reads that failed, and the reads that had a flipped bit.
  package var diskFaults = 0
  /// The messages that got lost on connections that were up.
  package var lostMessages = 0

  /// The sum of two.
  package static func + (first: FaultToll, second: FaultToll) -> FaultToll {
    FaultToll(
      time: first.time + second.time, crashes: first.crashes + second.crashes,
      powerLosses: first.powerLosses + second.powerLosses,
      diskFaults: first.diskFaults + second.diskFaults,
      lostMessages: first.lostMessages + second.lostMessages)
  }
}

extension FaultScenario {
  /// Plays the scenario to its end, or until a promise is broken.
  package func play(mutation: Mutation? = nil, isTraced: Bool = false) -> FaultOutcome {
    let simulator = FaultSimulation(self, mutation: mutation, isTraced: isTraced)
    simulator.run()
    return FaultOutcome(
      violation: simulator.violation, events: simulator.events,
      rounds: simulator.rounds, toll: simulator.toll, trace: simulator.trace)
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

/// Events in words, line by line; those that go on repeating are told once.
struct Trace {
  private(set) var lines: [String] = []
  private var last: [String] = []
  private var repetitions = 0

  /// Adds what happened at a time.
  mutating func add(_ text: String, at time: Duration) {
    if last.contains(text) {
      repetitions += 1
      return
    }
    if repetitions > 0 { lines.append("        … and so on, \(repetitions) more") }
    repetitions = 0
    last = last.suffix(3) + [text]
    lines.append("\(time.seconds.fixed(3)) s  \(text)")
  }
}
