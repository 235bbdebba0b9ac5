import Federation
import Ledger
import Measures
import Progressive
import Wire

extension RoundRecord {
  /// The record of a round that ended so; `epochs` is how often each client went through its samples.
  init(_ result: RoundResult, phase: Phase, epochs: Int) {
    self.init(
      round: result.round, stage: phase.stage, warmUp: phase.warmUp,
      outcomes: result.outcomes.map { client, outcome in
        switch outcome {
        case .accepted(let offer):
          ClientOutcome(
            client: client, outcome: .accepted, samples: offer.samples,
            trainedSamples: offer.samples * epochs, updateSize: ByteCount(offer.length))
        case .late: ClientOutcome(client: client, outcome: .late)
        case .lost: ClientOutcome(client: client, outcome: .lost)
        case .refused(let reason):
          ClientOutcome(client: client, outcome: .refused(reason: reason.name))
        case .declined(let reason):
          ClientOutcome(client: client, outcome: .refused(reason: "declined: \(reason.name)"))
        }
      },
      duplicates: result.duplicates, elapsed: result.closed - result.opened)
  }
}
