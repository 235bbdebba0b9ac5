/// Many scenarios, each from its own seed: what `progfed bench faults --seeds N` runs.
package struct FaultCampaign: Sendable {
  /// The outcome of a campaign.
  package struct Report: Sendable {
    /// The number of seeds that were played.
    package var seeds = 0
    /// The number of events, of all machines together.
    package var events = 0
    /// The time that was played, and what went wrong in it.
    package var toll = FaultToll()
    /// The seeds that broke a promise, shrunk.
    package var failures: [FaultFailure] = []

    /// A report of nothing yet.
    package init() {}

    /// Adds what was found of other seeds.
    package mutating func add(_ other: Report) {
      seeds += other.seeds
      events += other.events
      toll = toll + other.toll
      failures += other.failures
    }
  }

  /// The seeds that are played.
  package var seeds: Range<UInt64>
  /// A promise that is broken on purpose.
  package var mutation: Mutation?
  /// The number of failures after which it ends.
  package var maximalFailures: Int

  /// A campaign over `seeds`.
  package init(seeds: Range<UInt64>, mutation: Mutation? = nil, maximalFailures: Int = 1) {
    self.seeds = seeds
    self.mutation = mutation
    self.maximalFailures = maximalFailures
  }

  /// Plays all seeds, or as many as it takes to find enough failures.
  ///
  /// - Parameter progress: Called after each seed.
  /// - Returns: The outcome of all plays.
  package func run(progress: (Report) -> Void = { _ in }) -> Report {
    var report = Report()
    for seed in seeds where report.failures.count < maximalFailures {
      let scenario = FaultScenario(seed: seed)
      let outcome = scenario.play(mutation: mutation)
      report.seeds += 1
      report.events += outcome.events
      report.toll = report.toll + outcome.toll
      if let violation = outcome.violation {
        report.failures.append(
          FaultFailure(of: scenario, violation: violation, mutation: mutation))
      }
      progress(report)
    }
    return report
  }
}
