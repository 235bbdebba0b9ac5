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
    #expect(report.markdown().split(separator: "\n").count == 2 + runs.count)
  }
}
