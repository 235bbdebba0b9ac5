import Bytes
import Foundation
import Ledger
import Measures
import Reports
import Testing

/// What reports make of the waiting between rounds, of how rounds were trained, and of the best
/// model.
@Suite struct RunClockReportTests {
  /// Six rounds, of 24 s together, 100 s before each of them, and ten minutes after the last.
  private static func summary(name: String = "patient") throws -> RunSummary {
    var summary = try Example.summary(rounds: 6, evaluation: 1, name: name)
    var end = Duration.zero
    for index in summary.rounds.indices {
      summary.rounds[index].opened = end + .seconds(100)
      end = summary.rounds[index].closed
      summary.rounds[index][.learningRate] = 0.1 / Double(index + 1)
      summary.rounds[index][.trainingLoss] = 2 / Double(index + 1)
    }
    summary.elapsed = end + .seconds(600)
    summary.targets = [0.6, 0.8, 0.99]
    summary.final.bestRound = 5
    summary.final.bestModelDigest = Digest(of: [5])
    return summary
  }

  /// The accuracy after round r is 1 − 1/(r + 1): 0.6 is reached in round 2, 0.8 in round 4.
  private static let reached: [Duration] = [.seconds(204), .seconds(412)]

  @Test func `the table has a row for the waiting, which makes up the whole with the stages`()
    throws
  {
    let summary = try Self.summary()
    #expect(summary.waiting == .seconds(1200))
    let lines = TextReport(summary, width: 120).text().split(separator: "\n").map(String.init)
    let row = try #require(lines.first { $0.hasPrefix("waiting ") })
    #expect(row.hasSuffix("20 m 0 s"), "\(row)")
    #expect(lines.contains { $0.hasPrefix("all ") && $0.contains("20 m 24 s") })
    let narrow = TextReport(summary, width: 80).text()
    let narrowRow = narrow.split(separator: "\n").first { $0.hasPrefix("waiting ") }
    #expect(narrowRow?.hasSuffix("20 m 0 s") == true)
    let text = lines.joined(separator: "\n")
    #expect(text.contains("80 % in round 4 for") && text.contains("FLOPs after 6 m 52 s"))
    #expect(!TextReport(try Example.summary(rounds: 6)).text().contains("waiting"))
  }

  @Test func `text tells the training's loss and rate, and names the best model's file`() throws {
    let text = TextReport(try Self.summary(), width: 200).text()
    #expect(
      text.contains(
        """
        Training: loss 2.0000 at first, last 0.3333, lowest 0.3333, learning rate 0.100 at first, \
        last 0.0167
        """
      ), "\(text)")
    let digest = Digest(of: [5]).short
    #expect(
      text.contains(
        "Best: accuracy 83.33 % after round 5, stage 3, model \(digest), kept as model-best.safetensors"
      ), "\(text)")
    let without = TextReport(try Example.summary(rounds: 6)).text()
    #expect(!without.contains("Best:") && !without.contains("Training:"))
  }

  @Test func `a page shows waiting, training and the best model, with their places in the JSON`()
    throws
  {
    let summary = try Self.summary()
    let page = HTMLReport(summary, clients: []).text()
    for part in [
      "<td>waiting</td>", "data-path=\"waiting\" value=\"1200\"",
      "aria-label=\"Loss against rounds\"", "aria-label=\"Learning rate against rounds\"",
      "data-path=\"rounds.3.trainingLoss\" value=\"0.5\"",
      "data-path=\"rounds.1.learningRate\" value=\"0.05\"",
      "data-path=\"rounds.3.closed\" value=\"412\"",
      "data-path=\"milestones.1.elapsed\" value=\"412\"",
      "the best, after round 5: model-best.safetensors",
    ] { #expect(page.contains(part), "\(part)") }
    let without = HTMLReport(try Example.summary(rounds: 6), clients: []).text()
    #expect(!without.contains("Learning rate against rounds") && !without.contains("model-best"))
  }

  @Test func `a row of comma-separated values tells when the round was, and how it was trained`()
    throws
  {
    let lines = CSVReport.text(try Self.summary()).split(separator: "\n").map(String.init)
    #expect(lines[0].contains(",opened,closed,learningRate,trainingLoss,"))
    #expect(lines[4].contains(",408.0,412.0,0.025,0.5,,"), "\(lines[4])")
    let without = CSVReport.text(try Example.summary(rounds: 1)).split(separator: "\n")
    #expect(without[1].contains(",0.0,2.0,,,,"))
  }

  @Test func `steps that clients skipped are told everywhere, and nowhere if there are none`()
    throws
  {
    var summary = try Self.summary()
    let name = Measure.skippedSteps.name
    #expect(try !summary.json().contains(name) && !TextReport(summary).text().contains("skipped"))
    #expect(EventFile.bytes(summary).firstRange(of: Array("train/skippedSteps".utf8)) == nil)
    #expect(Metrics.text(summary).contains("\nprogfed_skipped_steps_total 0\n"))
    summary.rounds[1][.skippedSteps] = 3
    summary.rounds[4][.skippedSteps] = 4
    #expect(try summary.json(pretty: false).contains("\"skippedSteps\":3"))
    #expect(TextReport(summary, width: 300).text().contains(", 7 steps skipped"))
    #expect(EventFile.bytes(summary).firstRange(of: Array("train/skippedSteps".utf8)) != nil)
    #expect(Metrics.text(summary).contains("\nprogfed_skipped_steps_total 7\n"))
    let lines = CSVReport.text(summary).split(separator: "\n")
    let column = try #require(
      lines[0].split(separator: ",").firstIndex(of: "skippedSteps"))
    let skipped = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false)[column] }
    #expect(skipped[2] == "3" && skipped[3] == "" && skipped[5] == "4")
  }

  @Test func `metrics tell the waiting, the training and the best round`() throws {
    let lines = Metrics.text(try Self.summary()).split(separator: "\n")
    for line in [
      "progfed_waiting_seconds 1200", "progfed_training_loss \(2.0 / 6)",
      "progfed_learning_rate \(0.1 / 6)", "progfed_best_round 5", "progfed_elapsed_seconds 1224",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
    let without = Metrics.text(try Example.summary(rounds: 1))
    #expect(!without.contains("progfed_training_loss") && !without.contains("progfed_best_round"))
  }

  @Test func `TensorBoard's wall time is the start and the run's clock at a round's end`() throws {
    let bytes = EventFile.bytes(try Self.summary(), start: 1000)
    // The time of an event as a double, then the step: round 4 ended after 412 s.
    let time = (0..<8).map { UInt8(truncatingIfNeeded: Double(1412).bitPattern >> (8 * $0)) }
    #expect(bytes.firstRange(of: [9] + time + [0x10, 4]) != nil)
    for tag in ["train/loss", "train/learningRate"] {
      #expect(bytes.firstRange(of: Array(tag.utf8)) != nil)
    }
  }

  @Test func `comparisons and sweeps take the time to a score from the run's clock as well`() throws
  {
    let run = try Self.summary()
    let comparison = Comparison([run, try Self.summary(name: "other")], targets: [0.6, 0.8])
    struct Object: Decodable {
      struct Run: Decodable {
        struct Milestone: Decodable { let elapsed: Double }
        let milestones: [Milestone]
        let waiting: Double
        let trainingLoss: Double
      }
      let runs: [Run]
    }
    let object = try JSONDecoder().decode(Object.self, from: Data(comparison.json().utf8))
    #expect(object.runs[0].milestones.map(\.elapsed) == Self.reached.map(\.seconds))
    #expect(object.runs[0].waiting == 1200 && object.runs[0].trainingLoss == 2.0 / 6)
    #expect(comparison.text(width: 200).contains("6 m 52 s"))
    #expect(comparison.html().contains("6 m 52 s"))
    #expect(comparison.html().contains("aria-label=\"Training loss against rounds\""))
    let report = SweepReport("patience", runs: [(variant: "a", summary: run)], targets: [0.6, 0.8])
    #expect(report.variants[0].seeds[0].costs.map(\.elapsed) == Self.reached.map(\.seconds))
    #expect(report.variants[0].seeds[0].measures[.trainingLoss] == 2.0 / 6)
    #expect(report.variants[0].costs.map(\.elapsed) == Self.reached.map(\.seconds))
  }

  @Test func `a picture of the rounds has them where they were`() throws {
    let page = HTMLReport(try Self.summary(), clients: []).text()
    // From the left border at 72 to the right one at 412 the last round ends: 624 s.
    let places = page.matches(of: #/<rect x="([0-9.]+)"[^>]*class="round s3/#)
      .compactMap { Double($0.output.1) }
    #expect(places.count == 6)
    for (place, opened) in zip(places, [100.0, 202, 304, 408, 512, 618]) {
      #expect(abs(place - (72 + 340 * opened / 624)) < 8, "\(place), \(opened)")
    }
  }
}
