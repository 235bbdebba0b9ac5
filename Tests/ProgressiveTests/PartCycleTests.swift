import Progressive
import Testing

struct PartCycleTests {
  @Test func `some rounds train all, then each block has its own`() {
    let cycle = PartCycle(full: 2, each: 1)
    let blocks = (1...12).map { cycle.block(in: $0, of: 3) }
    #expect(blocks == [nil, nil, 1, 2, 3, nil, nil, 1, 2, 3, nil, nil])
    #expect((1...6).map { PartCycle(full: 0, each: 2).block(in: $0, of: 2) } == [1, 1, 2, 2, 1, 1])
    let short = PartCycle(full: 1, each: 1, rounds: 6)
    #expect((1...9).map { short.block(in: $0, of: 3) } == [nil, 1, 2, 3, nil, 1, nil, nil, nil])
    #expect((1...3).map { PartCycle(full: 1, each: 1).block(in: $0, of: 1) } == [nil, 1, nil])
  }

  @Test func `the full model's rounds train its parts in turns, and the head in all`() {
    let schedule = GrowthSchedule(
      rounds: [0, 0, 6], strategy: .fedPart, parts: PartCycle(full: 1, each: 1))
    let phases = (1...6).map { schedule.phase(in: $0) }
    #expect(phases.allSatisfy { $0.stage == 3 && !$0.warmUp })
    #expect(
      phases.map { $0.trainedSegments(depth: 3).map(\.description) } == [
        ["block1", "block2", "block3", "head3"], ["block1", "head3"], ["block2", "head3"],
        ["block3", "head3"], ["block1", "block2", "block3", "head3"], ["block1", "head3"],
      ])
    #expect(phases.map(\.part) == [nil, 1, 2, 3, nil, 1])
    #expect(phases[1].followedInStage.part == 1)
    // What no round trains any more could be forgotten; here each block has another turn.
    #expect(!phases[3].segments.contains { phases[3].leaves($0) })
  }

  @Test func `a model that grows has its turns in the last stage, after warm-up and ramp`() {
    func parts(warmUp: Int, ramp: Int, _ strategy: Strategy = .progressive) -> [Int?] {
      let schedule = GrowthSchedule(
        rounds: [1, 2, 6], warmUpRounds: warmUp, strategy: strategy, rampRounds: ramp,
        parts: PartCycle(full: 0, each: 1))
      return (1...9).map { schedule.phase(in: $0).part }
    }
    #expect(parts(warmUp: 0, ramp: 0) == [nil, nil, nil, 1, 2, 3, 1, 2, 3])
    #expect(parts(warmUp: 1, ramp: 0) == [nil, nil, nil, nil, 1, 2, 3, 1, 2])
    #expect(parts(warmUp: 1, ramp: 4, .mixed) == [nil, nil, nil, nil, nil, nil, 1, 2, 3])
  }

  @Test func `a client of a smaller sub-model trains its share of the part, and its own head`() {
    let schedule = GrowthSchedule(rounds: [0, 0, 3], parts: PartCycle(full: 0, each: 1))
    let trained = (1...3).map { schedule.phase(in: $0).trainedSegments(depth: 2) }
    #expect(trained == [[.block(1), .head(2)], [.block(2), .head(2)], [.head(2)]])
  }
}
