import Progressive
import Testing

struct StrategyTests {
  /// What each round of two per step trains, in a model of three blocks, with a round of warm-up.
  private func trained(_ strategy: Strategy) -> [[String]] {
    let schedule = GrowthSchedule(
      rounds: [2, 2, 2], warmUpRounds: strategy.warmsUp ? 1 : 0, strategy: strategy)
    return (1...6).map { round in
      let phase = schedule.phase(in: round)
      return phase.trainedSegments(depth: phase.stage).map(\.description)
    }
  }

  @Test func `a progressive model grows and is trained whole after warm-up`() {
    #expect(
      trained(.progressive) == [
        ["block1", "head1"], ["block1", "head1"],
        ["block2", "head2"], ["block1", "block2", "head2"],
        ["block3", "head3"], ["block1", "block2", "block3", "head3"],
      ])
  }

  @Test func `layerwise training never goes back to older blocks`() {
    #expect(
      trained(.layerwise) == [
        ["block1", "head1"], ["block1", "head1"], ["block2", "head2"], ["block2", "head2"],
        ["block3", "head3"], ["block3", "head3"],
      ])
  }

  @Test func `partial training has the full model and trains its first blocks and last head`() {
    #expect(
      trained(.partial) == [
        ["block1", "head3"], ["block1", "head3"],
        ["block2", "head3"], ["block1", "block2", "head3"],
        ["block3", "head3"], ["block1", "block2", "block3", "head3"],
      ])
    let phase = GrowthSchedule(rounds: [2, 2, 2], strategy: .partial).phase(in: 1)
    #expect(phase.stage == 3)
    #expect(phase.step == 1)
    #expect(phase.segments == [.block(1), .block(2), .block(3), .head(3)])
  }

  @Test func `mixed training has a head on each block`() {
    #expect(
      trained(.mixed) == [
        ["block1", "head1"], ["block1", "head1"],
        ["block2", "head2"], ["block1", "block2", "head1", "head2"],
        ["block3", "head3"], ["block1", "block2", "block3", "head1", "head2", "head3"],
      ])
    let phase = GrowthSchedule(rounds: [2, 2, 2], warmUpRounds: 1, strategy: .mixed).phase(in: 3)
    #expect(phase.segments == [.block(1), .block(2), .head(1), .head(2)])
  }

  @Test func `a client of a smaller sub-model of mixed training has the heads up to its own`() {
    let schedule = GrowthSchedule(rounds: [2, 2, 2], warmUpRounds: 1, strategy: .mixed)
    #expect(
      schedule.phase(in: 6).trainedSegments(depth: 2)
        == [.block(1), .block(2), .head(1), .head(2)])
    #expect(schedule.phase(in: 6).trainedSegments(depth: 1) == [.block(1), .head(1)])
    #expect(schedule.phase(in: 5).trainedSegments(depth: 2) == [.head(2)])
  }

  @Test func `freezing leaves one block after the other as it is`() {
    #expect(
      trained(.freezing) == [
        ["block1", "block2", "block3", "head3"], ["block1", "block2", "block3", "head3"],
        ["block2", "block3", "head3"], ["block2", "block3", "head3"],
        ["block3", "head3"], ["block3", "head3"],
      ])
  }

  @Test func `a new block's learning rate rises over the ramp, and a first block has none`() {
    let schedule = GrowthSchedule(rounds: [5, 6], warmUpRounds: 1, rampRounds: 4)
    let rates = (1...11).map { schedule.phase(in: $0).newBlockRate }
    #expect(rates == [1, 1, 1, 1, 1, 0.25, 0.5, 0.75, 1, 1, 1])
    let frozen = GrowthSchedule(rounds: [5, 6], strategy: .freezing, rampRounds: 4)
    #expect((1...11).allSatisfy { frozen.phase(in: $0).newBlockRate == 1 })
  }

  @Test func `a head that was there before doesn't enter by a ramp`() {
    func factors(_ strategy: Strategy) -> [Double] {
      let schedule = GrowthSchedule(rounds: [2, 6], strategy: strategy, rampRounds: 4)
      let phase = schedule.phase(in: 3)
      return phase.segments.map { phase.rateFactor(of: $0) }
    }
    #expect(factors(.progressive) == [1, 0.25, 0.25])
    #expect(factors(.partial) == [1, 0.25, 1])
  }

  @Test func `the learning rate's schedule may begin anew with each stage`() {
    let schedule = GrowthSchedule(rounds: [3, 4], warmUpRounds: 1, restartsLearningRate: true)
    let phases = (1...7).map { schedule.phase(in: $0) }
    #expect(phases.map(\.learningRateRound) == [1, 2, 3, 1, 1, 2, 3])
    #expect(phases.map(\.learningRateRounds) == [3, 3, 3, 3, 3, 3, 3])
    let steady = GrowthSchedule(rounds: [3, 4], warmUpRounds: 1)
    #expect((1...7).map { steady.phase(in: $0).learningRateRound } == [1, 2, 3, 3, 4, 5, 6])
    #expect(steady.phase(in: 1).learningRateRounds == 6)
  }
}
