import Foundation
import TestSupport
import Testing

/// Reports of runs that didn't go as runs go.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct OddRunTests {
  private struct Summary: Decodable {
    struct Counts: Decodable { var difference: Int }
    struct Meter: Decodable {
      var down: Counts
      var up: Counts
    }
    struct Round: Decodable { var round: Int }
    var state: String
    var rounds: [Round]
    var meter: Meter?
  }

  private func reports(_ folder: Folder, _ run: String) throws -> (json: Summary, texts: [String]) {
    let texts = try ["text", "csv", "clients", "html", "json"].map { format in
      let report = try Command(["report", folder.path(run), "--format", format])
      #expect(report.status(within: 30) == 0, "\(format): \(report.standardError)")
      for nonsense in ["nan", "inf ", "-inf"] {
        #expect(!report.standardOutput.contains(nonsense), "\(format)")
      }
      return report.standardOutput
    }
    return (try JSONDecoder().decode(Summary.self, from: Data(texts[4].utf8)), texts)
  }

  @Test func `a run without a round is reported as such`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let broker = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(try freePorts())", "--out",
      folder.path("run"),
    ])
    #expect(broker.says("listening"))
    broker.send(SIGINT)
    #expect(broker.status(within: 30) == 130)
    let (json, texts) = try reports(folder, "run")
    #expect(json.state == "interrupted" && json.rounds.isEmpty && json.meter == nil)
    #expect(texts[0].contains("interrupted, 0 of 5 rounds"))
    #expect(texts[1].split(separator: "\n").count == 1)
    #expect(texts[3].contains("interrupted before its first round"))
    let page = try String(contentsOfFile: folder.path("run/report.html"), encoding: .utf8)
    #expect(page == texts[3])
  }

  @Test func `a run of one client that is tested only at its end is reported`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(
        participation: "  perRound: 1", rounds: "[1, 2, 2]", more: "evaluation:\n  every: 0"
      ).replacing("clients: 8", with: "clients: 1"), to: "one.yaml")
    let run = try Command(["simulate", topology, "--out", folder.path("run"), "--quiet"])
    #expect(run.status() == 0, "\(run.standardError)")
    let (json, texts) = try reports(folder, "run")
    #expect(json.state == "done" && json.rounds.count == 5)
    #expect(texts[2].split(separator: "\n").count == 4)  // a row per stage
    let bench = try Command(["bench", "ledger", folder.path("run"), "--json"])
    #expect(bench.status(within: 30) == 0, "\(bench.standardError)")
    #expect(bench.standardOutput.contains("\"rounds\":5"))
    // It leaves nothing behind.
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(!names.contains { $0.hasPrefix("bench-") })
  }

  @Test func `a run that was interrupted and resumed is reported as one`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[2, 2, 12]"), to: "small.yaml")
    let first = try Command([
      "simulate", topology, "--out", folder.path("run"), "--transport", "tcp",
    ])
    #expect(first.says("round 5/16"), "\(first.standardError)")
    first.send(SIGINT)
    #expect(first.status(within: 30) == 130, "\(first.standardError)")
    let (interrupted, _) = try reports(folder, "run")
    #expect(interrupted.state == "interrupted")
    let second = try Command([
      "simulate", "--resume", folder.path("run"), "--transport", "tcp",
    ])
    #expect(second.status() == 0, "\(second.standardError)")
    let (json, texts) = try reports(folder, "run")
    #expect(json.state == "done")
    #expect(json.rounds.map(\.round) == Array(1...16))
    let meter = try #require(json.meter)
    #expect(meter.down.difference == 0 && meter.up.difference == 0, "\(meter)")
    #expect(texts[3].contains("16 of 16 rounds"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(names.filter { $0.hasPrefix("events.out.tfevents.") }.count == 1)
  }
}
