import Foundation
import Measures
import Progressive
import Testing

@Suite struct LearningRateScheduleTests {
  private func rates(_ schedule: LearningRateSchedule, of rounds: Int) -> [Double] {
    (1...rounds).map { schedule.rate(base: 0.1, round: $0, of: rounds) }
  }

  private func expectClose(_ values: [Double], _ expected: [Double]) {
    #expect(values.count == expected.count)
    for (value, expected) in zip(values, expected) {
      #expect(abs(value - expected) < 1e-12, "\(values)")
    }
  }

  @Test func `constant`() { expectClose(rates(.constant, of: 3), [0.1, 0.1, 0.1]) }

  @Test func `cosine from the base rate to the floor`() {
    let half = 0.05 * (1 + 0.5.squareRoot())
    expectClose(rates(.cosine(floor: 0), of: 5), [0.1, half, 0.05, 0.1 - half, 0])
    expectClose(rates(.cosine(floor: 0.02), of: 5), [0.1, half, 0.05, 0.02, 0.02])
  }

  @Test func `cosine over a single round stays at the base rate`() {
    expectClose(rates(.cosine(floor: 0), of: 1), [0.1])
  }

  @Test func `cosine beyond the last round stays at the floor`() {
    #expect(LearningRateSchedule.cosine(floor: 1e-6).rate(base: 0.1, round: 9, of: 5) == 1e-6)
  }

  @Test func `milestones multiply from the round after their share on`() {
    let schedule = LearningRateSchedule.multistep(milestones: [0.5, 0.75], factor: 0.1)
    expectClose(rates(schedule, of: 8), [0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
  }

  @Test func `restarts begin anew after each period`() {
    let schedule = LearningRateSchedule.cosineRestarts(period: 3, floor: 0)
    expectClose(rates(schedule, of: 7), [0.1, 0.05, 0, 0.1, 0.05, 0, 0.1])
  }

  @Test func `holding first, then cosine over the rest`() {
    let schedule = LearningRateSchedule.constantThenCosine(hold: 0.4, floor: 0)
    expectClose(rates(schedule, of: 5), [0.1, 0.1, 0.1, 0.05, 0])
    expectClose(rates(.constantThenCosine(hold: 1, floor: 0), of: 3), [0.1, 0.1, 0.1])
  }

  @Test func `round 0 is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      _ = LearningRateSchedule.constant.rate(base: 1, round: 0, of: 5)
    }
  }
}
