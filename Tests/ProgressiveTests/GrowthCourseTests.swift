import Foundation
import Progressive
import Testing

struct GrowthCourseTests {
  /// The stage of each round of a run whose rounds come to `qualities` and `movements`.
  private func stages(
    _ schedule: GrowthSchedule, qualities: [Double?] = [], movements: [Double?] = []
  ) -> [Int] {
    var course = GrowthProgress(schedule)
    return (1...schedule.totalRounds).map { round in
      let stage = course.phase(in: round).stage
      course.note(
        round: round, quality: qualities.indices.contains(round - 1) ? qualities[round - 1] : nil,
        movement: movements.indices.contains(round - 1) ? movements[round - 1] : nil)
      return stage
    }
  }

  @Test func `a planned course is the schedule's own, whatever is noted`() {
    let schedule = GrowthSchedule(rounds: [2, 3, 4], warmUpRounds: 1)
    #expect(
      stages(schedule, qualities: Array(repeating: 0.5, count: 9)) == [1, 1, 2, 2, 2, 3, 3, 3, 3])
    var course = GrowthProgress(schedule)
    for round in 1...9 {
      #expect(course.phase(in: round) == schedule.phase(in: round))
      course.note(round: round, quality: 0.1, movement: 0)
    }
  }

  @Test func `a stage ends when its evaluations no longer get better`() {
    let schedule = GrowthSchedule(
      rounds: [8, 12], trigger: .plateau(patience: 2, gain: 0.01), minimumRounds: 2)
    // Better, better, hardly better twice: the next round belongs to stage 2.
    #expect(
      stages(schedule, qualities: [0.3, 0.5, 0.505, 0.51])
        == [1, 1, 1, 1] + Array(repeating: 2, count: 16))
    // Rounds that aren't evaluated say nothing.
    #expect(
      stages(schedule, qualities: [0.3, nil, 0.5, nil, 0.5, nil, 0.5])
        == Array(repeating: 1, count: 7) + Array(repeating: 2, count: 13))
  }

  @Test func `a stage lasts its least and ends with its most`() {
    let schedule = GrowthSchedule(
      rounds: [5, 5], trigger: .plateau(patience: 1, gain: 0.01), minimumRounds: 4)
    #expect(
      stages(schedule, qualities: Array(repeating: 0.5, count: 10))
        == [1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
    let rising = (0..<10).map { 0.1 * Double($0) }
    #expect(stages(schedule, qualities: rising) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
  }

  @Test func `a stage ends when its block has come to rest`() {
    let schedule = GrowthSchedule(
      rounds: [9, 3], trigger: .movement(window: 1, patience: 3, level: 0.4, slope: 0.05))
    // Low, but still falling by 0.1 a window; then level.
    let movements = [0.9, 0.6, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1]
    #expect(stages(schedule, movements: movements).prefix(8) == [1, 1, 1, 1, 1, 1, 2, 2])
    // Level, but moving.
    let moving = Array(repeating: 0.6 as Double?, count: 12)
    #expect(stages(schedule, movements: moving).prefix(10) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 2])
  }

  @Test func `evaluations of warm-up don't count`() {
    let schedule = GrowthSchedule(
      rounds: [1, 6, 6], warmUpRounds: 3, trigger: .plateau(patience: 1, gain: 0),
      minimumRounds: 4)
    let stages = stages(schedule, qualities: Array(repeating: 0.5, count: 13))
    // Round 5 is the first after warm-up: the best of its stage; round 6 is no better.
    #expect(stages.prefix(8) == [1, 2, 2, 2, 2, 2, 3, 3])
  }

  @Test func `what a checkpoint keeps leads on to the same course`() throws {
    let schedule = GrowthSchedule(
      rounds: [8, 8, 8], warmUpRounds: 1, trigger: .plateau(patience: 2, gain: 0.01),
      minimumRounds: 3)
    let qualities = (0..<24).map { 0.5 + 0.3 * Double(($0 * 7919) % 13) / 13 }
    var whole = GrowthProgress(schedule)
    for cut in 1..<24 {
      var first = GrowthProgress(schedule)
      for round in 1...cut {
        first.note(round: round, quality: qualities[round - 1], movement: nil)
      }
      let kept = try JSONEncoder().encode(first.memory)
      var second = GrowthProgress(
        schedule, memory: try JSONDecoder().decode(GrowthProgress.Memory.self, from: kept))
      #expect(second == first)
      for round in (cut + 1)..<25 {
        second.note(round: round, quality: qualities[round - 1], movement: nil)
      }
      if cut == 1 { whole = second }
      #expect(second == whole)
    }
    #expect(Set((1...24).map { whole.phase(in: $0).stage }) == [1, 2, 3])
  }
}
