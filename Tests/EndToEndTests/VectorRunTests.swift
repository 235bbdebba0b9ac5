import Foundation
import Progressive
import TestSupport
import Testing

/// Runs of the network for vectors, which reads images in row-major order.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct VectorRunTests {
  private static func topology(_ strategy: Strategy, _ stages: String = "") -> String {
    SmallRun.topology()
      .replacing("name: convnet", with: "name: mlp\n  widths: [48, 48, 64]")
      .replacing("strategy: progressive", with: "strategy: \(strategy.rawValue)")
      .replacing("  warmUp: 1", with: (strategy.warmsUp ? "  warmUp: 1\n" : "") + stages)
  }

  @Test(arguments: Strategy.allCases)
  func `every strategy trains it`(strategy: Strategy) throws {
    let folder = try Folder()
    let file = try folder.write(Self.topology(strategy), to: "run.yaml")
    let run = try SmallRun.play(file, to: folder.path("run"), ["--threads", "2"])
    #expect(run.rounds.allSatisfy { $0.accepted == 4 })
    #expect(run.final.accuracy ?? 0 > 0.2, "\(run.final)")
  }

  @Test func `it comes out the same on every clock, and predicts what the run measured`() throws {
    let folder = try Folder()
    let file = try folder.write(
      Self.topology(.progressive, "  entry: random"), to: "run.yaml")
    let virtual = try SmallRun.play(file, to: folder.path("virtual"))
    let real = try SmallRun.play(file, to: folder.path("real"), ["--clock", "real"])
    #expect(virtual.final.modelDigest == real.final.modelDigest)
    let predict = try Command([
      "predict", file, "--from", folder.path("real/model.safetensors"), "--json",
    ])
    #expect(predict.status() == 0, "\(predict.standardError)")
    let scores = try JSONDecoder().decode(Scores.self, from: Data(predict.standardOutput.utf8))
    #expect(scores.stage == 3)
    let accuracy = try #require(real.final.accuracy)
    #expect(abs(scores.accuracy - accuracy) < 1e-12)
  }

  private struct Scores: Decodable {
    var stage: Int
    var accuracy: Double
  }
}
