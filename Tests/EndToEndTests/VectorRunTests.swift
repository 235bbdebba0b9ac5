import Foundation
import Progressive
import TestSupport
import Testing

/// Runs of the network for vectors, on tables and on images, which it reads in row-major order.
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

  @Test func `a table of numbers trains it to one model on every clock, and by a plan`() throws {
    let folder = try Folder()
    var table = "left,right,state\n"
    for row in 0..<120 {
      let (a, b) = (Double(row * 37 % 100) / 50, Double(row * 61 % 100) / 50)
      table += row.isMultiple(of: 2) ? "\(a),\(b + 3),down\n" : "\(a + 3),\(b),up\n"
    }
    let path = try folder.write(table, to: "sensors.csv")
    let file = try folder.write(
      """
      clients: 4
      rounds: 6
      model: {name: mlp, widths: [16, 16]}
      data: {from: here, path: sensors.csv, label: state}
      training: {batch: 10}

      """, to: "sensors.yaml")
    let virtual = try SmallRun.play(file, to: folder.path("virtual"))
    #expect(virtual.final.accuracy ?? 0 > 0.9, "\(virtual.final)")
    let real = try SmallRun.play(file, to: folder.path("real"), ["--clock", "real"])
    #expect(real.final.modelDigest == virtual.final.modelDigest)
    let plan = try Command(["plan", file, "--text"])
    #expect(plan.status(within: 60) == 0, "\(plan.standardError)")
    let text = try folder.write(plan.standardOutput, to: "sensors.plan")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", file, "--bind", endpoint, "--out", folder.path("broker"), "--json",
    ])
    let worker = try Command([
      "worker", text, "--set", "data.path=\(path)", "--connect", endpoint, "--clients", "0-3",
    ])
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.final.modelDigest == virtual.final.modelDigest)
  }

  private struct Scores: Decodable {
    var stage: Int
    var accuracy: Double
  }
}
