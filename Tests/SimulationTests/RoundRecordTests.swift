import Bytes
import Federation
import Ledger
import Measures
import Progressive
import Server
import Testing
import Wire

/// The record that a round's result makes for the ledger.
@Suite struct RoundRecordTests {
  private func accepted(steps: Int, skipped: Int) -> RoundResult.Outcome {
    .accepted(
      Submission(
        Offer(
          length: 8, digest: Digest(of: [1]), samples: 4, base: Digest(of: [2]), loss: 1,
          steps: steps, skippedSteps: skipped), round: 1, stage: 1))
  }

  private func record(_ outcomes: [RoundResult.Outcome]) -> RoundRecord {
    let result = RoundResult(
      round: 1, opened: .seconds(2), closed: .seconds(5),
      outcomes: outcomes.enumerated().map { (client: $0, outcome: $1) }, duplicates: 1)
    return RoundRecord(result, phase: GrowthSchedule(rounds: [2]).phase(in: 1), epochs: 3)
  }

  @Test func `skipped steps are those of the updates that count, and none is no figure`() {
    #expect(
      record([accepted(steps: 5, skipped: 2), .lost, accepted(steps: 9, skipped: 4)])[
        .skippedSteps] == 6)
    #expect(record([accepted(steps: 5, skipped: 0), .late])[.skippedSteps] == nil)
  }

  @Test func `outcomes, times and samples are those of the result`() {
    let record = record([accepted(steps: 1, skipped: 0), .late, .lost, .surplus])
    #expect(record.selected == 4 && record.accepted == 1 && record.late == 2 && record.lost == 1)
    #expect(record.opened == .seconds(2) && record.elapsed == .seconds(3))
    #expect(record.duplicates == 1 && record.counters == ["surplus": 1])
    #expect(record.outcomes[0].samples == 4 && record.outcomes[0].trainedSamples == 12)
    #expect(record.outcomes[0].updateSize == ByteCount(8))
  }
}
