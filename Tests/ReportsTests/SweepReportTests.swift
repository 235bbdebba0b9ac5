import Foundation
import Ledger
import Measures
import Reports
import Testing

@Suite struct SweepReportTests {
  @Test func `a variant is the mean of its seeds, with their spread`() throws {
    // Accuracy after round r is 1 − 1/(r + 1), and the last five evaluations count.
    let runs = [
      ("dear", try Example.summary(rounds: 10, evaluation: 1, scale: 4)),
      ("cheap", try Example.summary(rounds: 10, evaluation: 1)),
      ("cheap", try Example.summary(rounds: 6, evaluation: 1)),
    ]
    let report = SweepReport("codecs", runs: runs.map { (variant: $0.0, summary: $0.1) })
    #expect(report.variants.map(\.name) == ["dear", "cheap"])
    let cheap = report.variants[1]
    let means = [Self.mean(6...10), Self.mean(2...6)]
    #expect(cheap.runs == 2)
    for (accuracy, mean) in zip(cheap.accuracies, means) { #expect(abs(accuracy - mean) < 1e-9) }
    let deviation: Double = abs(means[0] - means[1]) / 2.0.squareRoot()
    #expect(abs(try #require(cheap.spread) - deviation) < 1e-9)
    #expect(report.variants[0].spread == nil)
    let bytes = runs.dropFirst().map { Double($0.1.totals.traffic.down.wire.bytes) }
    #expect(cheap.down == bytes.reduce(0, +) / 2)
  }

  private static func mean(_ rounds: ClosedRange<Int>) -> Double {
    let accuracies = rounds.map { 1 - 1 / Double($0 + 1) }
    return accuracies.reduce(0, +) / Double(rounds.count)
  }

  @Test func `runs without evaluation or rounds have no accuracy and no ratio`() throws {
    let report = SweepReport(
      "none", runs: [(variant: "a", summary: try Example.summary(rounds: 0, evaluation: nil))])
    #expect(report.variants[0].accuracy == nil)
    #expect(report.text().contains("–"))
    #expect(try report.json().contains("\"accuracies\":[]"))
  }

  @Test(arguments: [60, 80, 120])
  func `the table fits the terminal, and Markdown has a row for each variant`(width: Int) throws {
    let runs = try (1...4).map { index in
      (
        variant: "progressive, the number \(index)",
        summary: try Example.summary(rounds: 3 * index, evaluation: 1)
      )
    }
    let report = SweepReport("wide", runs: runs)
    let table = report.text(width: width).split(separator: "\n").prefix(6)
    #expect(table.allSatisfy { $0.count <= width })
    let lines = report.markdown().split(separator: "\n")
    #expect(lines.count == 2 + runs.count + 1)
    #expect(lines.last?.hasPrefix("4 runs, 3, 6, 9, 12 rounds, seed 42; ") == true)
  }

  @Test func `bytes to a target are the mean over the seeds that reached it`() throws {
    // Accuracy after round r is 1 − 1/(r + 1): 0.8 in round 4, 0.9 in round 9.
    let summaries = try [10, 6].map {
      (variant: "a", summary: try Example.summary(rounds: $0, evaluation: 1))
    }
    let report = SweepReport("t", runs: summaries, targets: [0.8, 0.9, 0.99])
    let costs = report.variants[0].costs
    #expect(costs.map(\.reached) == [2, 1, 0])
    func bytes(_ run: Int, _ rounds: Int) -> Double {
      Double(
        summaries[run].summary.rounds.prefix(rounds).map(\.load.traffic.wire.bytes).reduce(0, +))
    }
    #expect(costs.map(\.bytes) == [(bytes(0, 4) + bytes(1, 4)) / 2, bytes(0, 9), nil])
    #expect(report.text(width: 200).contains("(1 of 2)"))
    #expect(report.markdown().contains("| bytes to 80 % | bytes to 90 % | bytes to 99 % |"))
    #expect(report.variants[0].seeds[1].costs[0].round == 4)
  }

  @Test func `segmentation is judged by Dice, and collapses are counted where there are any`()
    throws
  {
    var plain = try Example.summary(rounds: 6, evaluation: 1)
    #expect(!SweepReport("c", runs: [(variant: "a", summary: plain)]).text().contains("lapses"))
    plain.partition = PartitionSummary(of: [[5, 5], [0, 10]])
    plain.rounds[4].accuracy = 0.5
    var masks = plain
    for index in masks.rounds.indices { masks.rounds[index].dice = 0.1 * Double(index + 1) }
    masks.final.dices = ScoreSummary(of: masks.rounds.map(\.dice))
    var lasting = plain
    lasting.final.accuracies = ScoreSummary(of: [0.9, 0.5, 0.5, 0.5, 0.5, 0.5])
    let report = SweepReport("c", runs: [(variant: "a", summary: masks)], targets: [0.35])
    let fallen = SweepReport(
      "d",
      runs: [("a", masks), ("b", plain), ("b", lasting)].map { (variant: $0.0, summary: $0.1) })
    #expect(fallen.variants.map(\.collapses) == [0, 1])
    #expect(fallen.variants.map(\.passingCollapses) == [0, 1])
    #expect(abs(try #require(report.variants[0].score) - 0.4) < 1e-12)
    #expect(
      report.variants[0].costs[0].reached == 1 && report.variants[0].seeds[0].costs[0].round == 4)
    let rows = report.markdown().split(separator: "\n")
    #expect(rows[0].contains("| Dice | best |") && !rows[0].contains("collapses"))
    #expect(rows[2].hasPrefix("| a | 1 | 0.4000 | 0.6000 |"))
    let falls = fallen.markdown().split(separator: "\n")
    #expect(falls[0].contains("| collapses |") && falls[3].hasSuffix("| 1 + 1 passing |"))
    let text = fallen.text(width: 160)
    #expect(text.contains("lapses") && text.contains("runs at chance at the end"))
    #expect(report.text(width: 160).contains("Dice") && !report.text(width: 160).contains("racy"))
  }

  @Test func `the JSON has each seed, and ratios to the first variant`() throws {
    let report = SweepReport(
      "j",
      runs: [
        (variant: "dear", summary: try Example.converging(rounds: 9, scale: 4)),
        (variant: "cheap", summary: try Example.summary(rounds: 9, evaluation: 1)),
      ], targets: [0.5])
    let object = try JSONSerialization.jsonObject(with: Data(report.json().utf8))
    let variants = try #require((object as? [String: Any])?["variants"] as? [[String: Any]])
    let wire = try variants.map { variant in
      let seeds = try #require(variant["seeds"] as? [[String: Any]])
      #expect(seeds.count == 1 && seeds[0]["seed"] as? Int == 42)
      for key in ["accuracy", "best", "last", "flops", "elapsed", "targets", "modelDigest"] {
        #expect(seeds[0][key] != nil && !(seeds[0][key] is NSNull), "\(key)")
      }
      let (down, up) = (seeds[0]["down"] as? Double ?? 0, seeds[0]["up"] as? Double ?? 0)
      #expect(variant["down"] as? Double == down && variant["up"] as? Double == up)
      return down + up
    }
    #expect(variants[0]["bytesSaved"] as? Double == 1 && variants[0]["flopsSaved"] as? Double == 1)
    let saved = try #require(variants[1]["bytesSaved"] as? Double)
    #expect(abs(saved - wire[0] / wire[1]) < 1e-9 && saved > 2)
    #expect(variants[0]["slopes"] != nil && variants[1]["slopes"] == nil)
    #expect(report.text(width: 100).contains("-2.00"))
    let slopes = report.markdown().split(separator: "\n").suffix(2)
    #expect(slopes.first == "|---|---|---|---|---|")
    #expect(slopes.last?.hasPrefix("| dear | -2.00 |") == true)
  }

  @Test func `what was run is told with its seeds, rounds and hours`() throws {
    var summary = try Example.summary(rounds: 7, evaluation: 1)
    summary.wallClock = .seconds(900)
    let runs = ([1, 2, 3, 7] as [UInt64]).map { seed in
      var run = summary
      run.seed = seed
      return (variant: "a", summary: run)
    }
    let three = SweepReport("h", runs: Array(runs.prefix(3)))
    #expect(three.work == "3 runs, 7 rounds, seeds 1 to 3; one after the other they took 45 m 0 s.")
    #expect(SweepReport("h", runs: runs).work.hasPrefix("4 runs, 7 rounds, seeds 1, 2, 3, 7; "))
    #expect(SweepReport("h", runs: [runs[3]]).work.hasPrefix("1 run, 7 rounds, seed 7; "))
    var far = runs[0]
    far.summary.seed = .max
    #expect(
      SweepReport("h", runs: [runs[0], far]).work
        .hasPrefix("2 runs, 7 rounds, seeds 1, 18446744073709551615; "))
  }
}
