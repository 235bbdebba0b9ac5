package import Federation
package import Ledger
import Measures
package import Progressive
import Wire

extension RunState {
  /// The state of a run that ends with the rounds in `ledger`.
  package static func ended(
    complete: Bool, isGivenUp: Bool, in ledger: RunStore
  ) throws(LedgerError) -> RunState {
    guard complete else { return isGivenUp ? .aborted : .interrupted }
    return try ledger.acceptedUpdates() > 0 ? .done : .fruitless
  }
}

extension Shortage {
  /// The name under which the ledger counts that a run was given up.
  package var counter: String { RunSummary.givenUpPrefix + "\(able) of \(needed) clients" }
}

extension RoundRecord {
  /// The record of a round that ended so; `epochs` is how often each client went through its
  /// samples.
  package init(_ result: RoundResult, phase: Phase, epochs: Int) {
    let efforts = Dictionary(result.efforts.map { ($0.client, $0) }) { first, _ in first }
    self.init(
      round: result.round, stage: phase.stage, warmUp: phase.warmUp,
      outcomes: result.outcomes.map { client, outcome in
        switch outcome {
        case .accepted(let submission):
          ClientOutcome(
            client: client, outcome: .accepted, samples: submission.offer.samples,
            trainedSamples: submission.offer.samples * epochs,
            updateSize: ByteCount(submission.offer.length), stage: submission.stage,
            elapsed: efforts[client]?.time)
        case .late, .carried, .surplus:
          ClientOutcome(client: client, outcome: .late, stage: efforts[client]?.stage)
        case .lost: ClientOutcome(client: client, outcome: .lost, stage: efforts[client]?.stage)
        case .refused(let reason):
          ClientOutcome(client: client, outcome: .refused(reason: reason.name))
        case .declined(let reason):
          ClientOutcome(client: client, outcome: .refused(reason: "declined: \(reason.name)"))
        }
      },
      duplicates: result.duplicates, elapsed: result.closed - result.opened)
    opened = result.opened
    let skipped = result.accepted.reduce(0) { $0 + $1.submission.offer.skippedSteps }
    self[.skippedSteps] = skipped > 0 ? Double(skipped) : nil
    // Those whose late updates count were asked in an earlier round.
    self.selected -= result.stale
    let named = [
      ("surplus", result.outcomes.count { $0.outcome == .surplus }),
      ("carried over", result.outcomes.count { $0.outcome == .carried }),
      ("late updates counted", result.stale), ("late updates given up", result.givenUp.count),
    ]
    for (name, count) in named where count > 0 { counters[name] = count }
  }
}
