import Federation
import Ledger
import Progressive
import Server
import Tensors
import Testing
import Wire

/// Rounds in which blocks rest, and the server makes their last steps again.
struct RecycledUpdateTests {
  /// The first value of each block in the newest checkpoint.
  private static func values(_ bench: ServerBench) throws -> [Float] {
    let store = CheckpointStore(directory: bench.paths.checkpoints)
    let found = try #require(try store.latest().checkpoint)
    return try (1...3).map { block in
      let name = try #require(
        found.tensors.keys.filter { $0.hasPrefix("block\(block).") }.min())
      return try #require(found.tensors[name]?.scalars.first)
    }
  }

  @Test func `a block that rests makes its last step again, and its update isn't asked for`() throws
  {
    let bench = try ServerBench(more: "strategy: fedluar")
    try bench.play(round: 1, [(0, 0.01), (1, 0.03)])
    var steps: [Float] = Array(repeating: 0.02, count: 3)
    var before = try Self.values(bench)
    var rested: Set<Int> = []
    for round in 2...6 {
      let phase = bench.server.round(round).phase
      #expect(phase.resting.count == 1)
      rested.formUnion(phase.resting)
      let model = try bench.server.round(round).announce().model
      #expect(
        model.segments.map(\.trained)
          == (1...3).map { !phase.resting.contains($0) } + [true])
      let value = 0.001 * Float(round)
      try bench.play(round: round, [(2, value)])
      for block in 1...3 where !phase.resting.contains(block) { steps[block - 1] = value }
      let after = try Self.values(bench)
      for block in 0..<3 { #expect(abs(after[block] - before[block] - steps[block]) < 1e-6) }
      before = after
    }
    #expect(rested.count > 1, "only \(rested) ever rested")
  }

  @Test func `without updates nothing moves, and whoever goes on ends at the same bits`() throws {
    let stages = "strategy: fedluar"
    let (whole, stopped) = (try ServerBench(more: stages), try ServerBench(more: stages))
    for bench in [whole, stopped] { try bench.play(round: 1, [(0, 0.01)]) }
    let before = try Self.values(whole)
    for bench in [whole, stopped] { try bench.play(round: 2, []) }
    #expect(try Self.values(whole) == before)
    for round in 3...6 {
      try stopped.restart()
      for bench in [whole, stopped] { try bench.play(round: round, [(1, 0.01 * Float(round))]) }
      #expect(whole.server.round(round).phase == stopped.server.round(round).phase)
    }
    let digest = try whole.finish()
    #expect(digest != nil)
    #expect(try stopped.finish() == digest)
  }

  @Test func `of a model that grows, a new stage's first round trains all`() throws {
    let bench = try ServerBench(rounds: "[2, 2, 2], resting: 2")
    let resting = try (1...6).map { round in
      let count = bench.server.round(round).phase.resting.count
      try bench.play(round: round, [(0, 0.01)])
      return count
    }
    // One block at least is trained in each round, and all in the first of a stage.
    #expect(resting == [0, 0, 0, 1, 0, 2])
  }
}
