import Progressive
import Testing

@Suite struct GrowthScheduleTests {
  /// Section 3 of the paper: T_s = T/(2S).
  @Test(arguments: [
    (3000, 4, [375, 375, 375, 1875]), (1500, 3, [250, 250, 1000]),
    (2000, 4, [250, 250, 250, 1250]), (7, 2, [1, 6]), (100, 1, [100]), (3, 4, [0, 0, 0, 3]),
    (0, 2, [0, 0]),
  ])
  func `the paper's rule`(total: Int, stages: Int, rounds: [Int]) {
    let schedule = GrowthSchedule(total: total, stages: stages)
    #expect(schedule.rounds == rounds)
    #expect(schedule.totalRounds == total)
    #expect(schedule.stages == stages)
  }

  @Test func `with fixed rounds for the early stages, the last takes what is left`() {
    #expect(GrowthSchedule(total: 60, stages: 3, each: 10).rounds == [10, 10, 40])
    #expect(GrowthSchedule(total: 20, stages: 3, each: 10).rounds == [10, 10, 0])
  }

  @Test func `phases of a schedule with warm-up, round by round`() {
    let schedule = GrowthSchedule(rounds: [2, 3, 4], warmUpRounds: 2)
    let expected: [(stage: Int, inStage: Int, warmUp: Bool, rate: Int)] = [
      (1, 1, false, 1), (1, 2, false, 2),
      (2, 1, true, 2), (2, 2, true, 2), (2, 3, false, 3),
      (3, 1, true, 3), (3, 2, true, 3), (3, 3, false, 4), (3, 4, false, 5),
      // Beyond the schedule: the last stage goes on.
      (3, 5, false, 6),
    ]
    for (index, phase) in expected.enumerated() {
      #expect(
        schedule.phase(in: index + 1)
          == Phase(
            round: index + 1, stage: phase.stage, roundInStep: phase.inStage,
            warmUp: phase.warmUp, learningRateRound: phase.rate, learningRateRounds: 5))
    }
    #expect(schedule.learningRateRounds == 5)
  }

  @Test func `the first stage has no warm-up`() {
    let schedule = GrowthSchedule(rounds: [5, 5], warmUpRounds: 3)
    #expect((1...5).allSatisfy { !schedule.phase(in: $0).warmUp })
  }

  @Test func `stages without rounds are passed over, but the last`() {
    let schedule = GrowthSchedule(rounds: [0, 2, 0, 1], warmUpRounds: 1)
    #expect((1...3).map { schedule.phase(in: $0).stage } == [2, 2, 4])
    #expect((1...3).map { schedule.phase(in: $0).roundInStep } == [1, 2, 1])
    #expect(GrowthSchedule(rounds: [2, 0]).phase(in: 3).stage == 2)
  }

  /// All schedules of up to three short stages.
  @Test(arguments: 0..<4, 0..<4)
  func `rounds, stages and the learning rate's clock advance steadily`(first: Int, second: Int) {
    for third in 0..<4 {
      for warmUp in 0..<4 {
        let schedule = GrowthSchedule(rounds: [first, second, third], warmUpRounds: warmUp)
        guard schedule.totalRounds > 0 else { continue }
        let phases = (1...schedule.totalRounds).map { schedule.phase(in: $0) }
        #expect(phases.map(\.round) == Array(1...schedule.totalRounds))
        for stage in 1...3 {
          let own = phases.filter { $0.stage == stage }
          #expect(own.count == schedule.rounds[stage - 1])
          #expect(own.map(\.roundInStep) == Array(1..<own.count + 1))
          #expect(own.count(where: \.warmUp) == (stage == 1 ? 0 : min(warmUp, own.count)))
        }
        var clock = 0
        for phase in phases {
          if !phase.warmUp { clock += 1 }
          #expect(phase.learningRateRound == max(1, clock), "\(schedule), round \(phase.round)")
        }
        #expect(schedule.learningRateRounds == max(1, clock))
      }
    }
  }

  @Test func `impossible schedules are a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = GrowthSchedule(rounds: []) }
    await #expect(processExitsWith: .failure) { _ = GrowthSchedule(rounds: [3, -1]) }
    await #expect(processExitsWith: .failure) {
      _ = GrowthSchedule(total: 10, stages: 3, each: 6)
    }
    await #expect(processExitsWith: .failure) {
      _ = GrowthSchedule(rounds: [1]).phase(in: 0)
    }
  }
}
