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

  @Test(arguments: [[5, 5], [0, 5, 5], [0, 0, 5]])
  func `the stage that a run begins with has no warm-up`(rounds: [Int]) {
    let schedule = GrowthSchedule(rounds: rounds, warmUpRounds: 3, rampRounds: 4)
    #expect((1...5).allSatisfy { !schedule.phase(in: $0).warmUp })
    #expect((1...5).allSatisfy { schedule.phase(in: $0).newBlockRate == 1 })
  }

  @Test func `a stage without rounds is passed over where others end by a trigger`() {
    var progress = GrowthProgress(
      GrowthSchedule(rounds: [0, 2, 0, 3], trigger: .plateau(patience: 1, gain: 0.1)))
    var stages: [Int] = []
    for round in 1...5 {
      stages.append(progress.phase(in: round).stage)
      progress.note(round: round, quality: nil, movement: nil)
    }
    #expect(stages == [2, 2, 4, 4, 4])
  }

  /// A small sub-model gets few rounds, never none where there are as many rounds as stages.
  @Test(arguments: [
    (50, [0.001, 0.06, 1], 0, [1, 1, 48]), (50, [1, 1, 1], 0, [8, 8, 34]),
    (1000, [0.001, 0.06, 1], 0, [1, 10, 989]), (100, [0.06, 0.18, 0.45, 1], 1, [1, 2, 6, 91]),
    (2, [0.5, 0.5, 1], 0, [0, 1, 1]), (5, [0.5, 0.5, 1], 2, [1, 1, 3]), (7, [1], 3, [7]),
  ])
  func `the horizon's rule`(total: Int, worths: [Double], warmUp: Int, rounds: [Int]) {
    let found = GrowthSchedule.horizon(total: total, worths: worths, warmUpRounds: warmUp)
    #expect(found == rounds)
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
        let begins = phases[0].stage
        for stage in 1...3 {
          let own = phases.filter { $0.stage == stage }
          #expect(own.count == schedule.rounds[stage - 1])
          #expect(own.map(\.roundInStep) == Array(1..<own.count + 1))
          #expect(own.count(where: \.warmUp) == (stage == begins ? 0 : min(warmUp, own.count)))
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
