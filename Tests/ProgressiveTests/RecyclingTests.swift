import Foundation
import Measures
import Progressive
import Testing

struct RecyclingTests {
  private static func candidates(_ ratios: [Double]) -> [Recycling.Candidate] {
    ratios.enumerated().map { .init(block: $0 + 1, step: $1, values: 1) }
  }

  private static func drawn(_ count: Int, of ratios: [Double], seed: Int) -> [Int] {
    Recycling.resting(
      count, of: candidates(ratios), random: RandomStream(seed: UInt64(seed)).stream("test"))
  }

  @Test func `blocks rest in proportion to their size over their steps`() {
    var counts = [0, 0, 0]
    for seed in 0..<4000 {
      for block in Self.drawn(1, of: [1, 0.5, 0.2], seed: seed) { counts[block - 1] += 1 }
    }
    // The weights are 1, 2 and 5; a standard deviation is 32 at most.
    for (count, share) in zip(counts, [1.0 / 8, 2.0 / 8, 5.0 / 8]) {
      #expect(abs(Double(count) - 4000 * share) < 130, "\(counts)")
    }
  }

  @Test(arguments: 0..<20)
  func `as many rest as are asked for, each once, and one seed draws the same`(seed: Int) {
    let ratios = [0.3, 0, .infinity, .nan, 1e-300]
    for count in 0...7 {
      let drawn = Self.drawn(count, of: ratios, seed: seed)
      #expect(drawn.count == min(count, ratios.count))
      #expect(drawn == Set(drawn).sorted() && drawn.allSatisfy { (1...5).contains($0) })
      #expect(drawn == Self.drawn(count, of: ratios, seed: seed))
    }
  }

  @Test func `blocks that rest aren't trained in their round, and a checkpoint keeps them`() throws
  {
    let schedule = GrowthSchedule(rounds: [0, 0, 5], strategy: .fedLUAR, resting: 1)
    var progress = GrowthProgress(schedule)
    progress.rest([2], in: 3)
    progress.rest([], in: 4)
    let memory = try JSONDecoder().decode(
      GrowthProgress.Memory.self, from: try JSONEncoder().encode(progress.memory))
    for progress in [progress, GrowthProgress(schedule, memory: memory)] {
      let phases = (2...4).map { progress.phase(in: $0) }
      #expect(phases.map { $0.trains(.block(2)) } == [true, false, true])
      #expect(phases.allSatisfy { $0.trains(.block(1)) && $0.trains(.head(3)) })
      #expect(phases.map(\.fewerBlocks) == [nil, [1, 3], nil])
      #expect(phases[1].trainedSegments(depth: 2) == [.block(1), .head(2)])
    }
    // What never happens isn't in a checkpoint either.
    var other = GrowthProgress(GrowthSchedule(rounds: [1, 1]))
    other.rest([1], in: 2)
    #expect(other == GrowthProgress(GrowthSchedule(rounds: [1, 1])))
  }
}
