import Foundation
import Progressive
import TestSupport
import Testing

/// Runs of each strategy, and runs whose stages end by what is seen in them.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct StrategyRunTests {
  @Test(arguments: Strategy.allCases.filter { ![.progressive, .endToEnd].contains($0) })
  func `a strategy's model is the same on every clock, and learns`(strategy: Strategy) throws {
    let folder = try Folder()
    let text = SmallRun.topology().replacing(
      "strategy: progressive", with: "strategy: \(strategy.rawValue)"
    ).replacing("  warmUp: 1", with: strategy.warmsUp ? "  warmUp: 1" : "")
    let topology = try folder.write(text, to: "run.yaml")
    let virtual = try SmallRun.play(topology, to: folder.path("virtual"), ["--threads", "1"])
    #expect(virtual.rounds.map(\.stage) == (strategy.grows ? [1, 2, 2, 3, 3] : [3, 3, 3, 3, 3]))
    #expect(virtual.rounds.allSatisfy { $0.accepted == 4 })
    let real = try SmallRun.play(
      topology, to: folder.path("real"), ["--clock", "real", "--threads", "2"])
    #expect(real.final.modelDigest == virtual.final.modelDigest)
    #expect(real.rounds.map(\.up.payload) == virtual.rounds.map(\.up.payload))
    #expect(virtual.final.accuracy ?? 0 > 0.2, "\(virtual.final)")
  }

  @Test func `frozen blocks travel neither way`() throws {
    let folder = try Folder()
    let text = SmallRun.topology(participation: "  perRound: 8", rounds: "[2, 2, 2]")
      .replacing("strategy: progressive", with: "strategy: freezing")
      .replacing("  warmUp: 1", with: "")
    let summary = try SmallRun.play(try folder.write(text, to: "run.yaml"), to: folder.path("run"))
    let (down, up) = (summary.rounds.map(\.down.payload), summary.rounds.map(\.up.payload))
    // Each round after the first brings what the round before trained, in 8 bits.
    #expect(up[0] == up[1] && up[2] == up[3] && up[4] == up[5])
    #expect(up[0] > up[2] && up[2] > up[4])
    #expect(down[1] > down[3] && down[3] > down[5])
  }

  @Test func `a block travels in its turn only, and the model is the same on every clock`() throws {
    let folder = try Folder()
    let text = SmallRun.topology(participation: "  perRound: 8", rounds: "[0, 0, 8]")
      .replacing("strategy: progressive", with: "strategy: fedpart")
      .replacing("  warmUp: 1", with: "  parts: {full: 1, each: 1}")
    let topology = try folder.write(text, to: "run.yaml")
    let run = try SmallRun.play(topology, to: folder.path("run"), ["--threads", "2"])
    let (down, up) = (run.rounds.map(\.down.payload), run.rounds.map(\.up.payload))
    // All, block 1, block 2, block 3, and again, in 8 bits.
    #expect(up[0..<4] == up[4..<8])
    #expect(up[1] < up[2] && up[2] < up[3] && up[3] < up[0])
    // A round brings what the one before trained.
    #expect(down[1] == down[5] && down[1] > down[4])
    #expect(down[2] < down[3] && down[3] < down[4])
    let real = try SmallRun.play(
      topology, to: folder.path("real"), ["--clock", "real", "--threads", "2"])
    #expect(real.final.modelDigest == run.final.modelDigest)
    #expect(real.rounds.map(\.up.payload) == up)
  }

  @Test(arguments: [
    "plateau, patience: 1, gain: 0.5", "movement, window: 2, patience: 1, level: 1, slope: 1",
  ])
  func `a run whose stages end by what is seen goes on the same after a stop`(when: String) throws {
    let folder = try Folder()
    let text = TinyRun.topology(rounds: "[4, 4, 4]").replacing(
      "  rounds: [4, 4, 4]",
      with: "  rounds: [4, 4, 4]\n  warmUp: 0\n"
        + when.split(separator: ", ").enumerated().map { index, part in
          "  \(index == 0 ? "when: " : "")\(part)"
        }.joined(separator: "\n"))
    let topology = try folder.write(text, to: "run.yaml")
    let whole = try SmallRun.play(topology, to: folder.path("whole"), ["--clock", "real"])
    // Both stages end before their four rounds are over.
    #expect(whole.rounds.count { $0.stage == 1 } < 4)
    #expect(whole.rounds.count { $0.stage == 3 } > 4)
    let virtual = try SmallRun.play(topology, to: folder.path("virtual"))
    #expect(virtual.final.modelDigest == whole.final.modelDigest)
    #expect(virtual.rounds.map(\.stage) == whole.rounds.map(\.stage))
    let directory = folder.path("stopped")
    let stopped = try Command(["simulate", topology, "--clock", "real", "--out", directory])
    #expect(stopped.says("round 3/12"), "\(stopped.standardError)")
    stopped.send(SIGKILL)
    _ = stopped.status(within: 30)
    let resumed = try Command(["simulate", "--resume", directory, "--json", "--quiet"])
    #expect(resumed.status(within: 60) == 0, "\(resumed.standardError)")
    let summary = try SmallRun.summary(resumed.standardOutput)
    #expect(summary.final.modelDigest == whole.final.modelDigest)
    #expect(summary.rounds.map(\.stage) == whole.rounds.map(\.stage))
  }

  @Test func `blocks freeze sooner where their movement says that they have converged`() throws {
    let folder = try Folder()
    func whole(_ more: String) throws -> Int {
      let text = SmallRun.topology(participation: "  perRound: 8", rounds: "[4, 4, 4]")
        .replacing("strategy: progressive", with: "strategy: freezing")
        .replacing("  warmUp: 1", with: more)
      let name = "run\(more.count)"
      let run = try SmallRun.play(try folder.write(text, to: "\(name).yaml"), to: folder.path(name))
      #expect(run.rounds.count == 12)
      return run.rounds.count { $0.up.payload == run.rounds[0].up.payload }
    }
    #expect(try whole("") == 4)
    let moved = "when: movement\n  window: 2\n  patience: 1\n  level: 1\n  slope: 1"
    #expect(try whole("  \(moved)") < 4)
  }

  @Test func `a gentle entry changes the model, and is the same on every clock`() throws {
    let folder = try Folder()
    var digests: Set<String> = []
    for more in ["  entry: random\n", "  ramp: 3\n", "  entry: continued\n"] {
      let text = SmallRun.topology(rounds: "[1, 2, 3]").replacing(
        "  warmUp: 1\n", with: "  warmUp: 1\n" + more)
      let topology = try folder.write(text, to: "run.yaml")
      let name = "run\(digests.count)"
      let virtual = try SmallRun.play(topology, to: folder.path(name), ["--threads", "2"])
      let real = try SmallRun.play(topology, to: folder.path("\(name)-real"), ["--clock", "real"])
      #expect(real.final.modelDigest == virtual.final.modelDigest)
      digests.insert(virtual.final.modelDigest ?? "")
    }
    #expect(digests.count == 3)
  }
}
