import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct SimulationTests {
  @Test func `a simulation grows through its stages and books each round`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let run = try Command([
      "simulate", topology, "--out", folder.path("run"), "--json", "--threads", "2",
    ])
    #expect(run.status() == 0, "\(run.standardError)")
    let summary = try SmallRun.summary(run.standardOutput)
    #expect(summary.format == 1)
    #expect(summary.rounds.map(\.stage) == [1, 2, 2, 3, 3])
    #expect(summary.rounds.map(\.warmUp) == [false, true, false, true, false])
    #expect(summary.rounds.allSatisfy { $0.accepted == 4 && $0.selected == 4 })
    #expect(try #require(summary.final.accuracy) > 0.15)
    // In warm-up only the newest block and head travel up; the round after it sends all.
    #expect(summary.rounds[3].up.payload < summary.rounds[4].up.payload)
    #expect(summary.rounds.allSatisfy { $0.down.wire > $0.down.payload })
    for file in ["run.sqlite", "model.safetensors", "topology.yaml"] {
      #expect(FileManager.default.fileExists(atPath: folder.path("run/\(file)")))
    }
    let report = try Command(["report", folder.path("run"), "--format", "json"])
    #expect(report.status() == 0)
    #expect(
      try SmallRun.summary(report.standardOutput).final.modelDigest == summary.final.modelDigest)
  }

  @Test func `threads, transport and processes don't change a bit of the model`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    var digests: Set<String> = []
    for (threads, transport) in [
      ("1", ["inproc"]), ("4", ["ipc"]), ("2", ["tcp"]), ("2", ["tcp", "--curve"]),
    ] {
      let run = try Command(
        [
          "simulate", topology, "--out", folder.path("run-\(transport.joined())"), "--json",
          "--quiet", "--threads", threads, "--transport",
        ] + transport)
      #expect(run.status() == 0, "\(run.standardError)")
      digests.insert(try #require(try SmallRun.summary(run.standardOutput).final.modelDigest))
    }
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("broker"), "--json",
    ])
    let workers = try ["0-3", "4-7"].map {
      try Command(["worker", topology, "--connect", endpoint, "--clients", $0, "--threads", "1"])
    }
    #expect(broker.status() == 0, "\(broker.standardError)")
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    digests.insert(try #require(try SmallRun.summary(broker.standardOutput).final.modelDigest))
    #expect(digests.count == 1)
  }

  @Test func `end-to-end training sends the full model from the first round on`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[1, 2, 2]"), to: "small.yaml")
    let run = try Command([
      "simulate", topology, "--strategy", "end-to-end", "--out", folder.path("run"), "--json",
    ])
    #expect(run.status() == 0, "\(run.standardError)")
    let summary = try SmallRun.summary(run.standardOutput)
    #expect(summary.rounds.map(\.stage) == [3, 3, 3, 3, 3])
    #expect(summary.rounds.allSatisfy { $0.up.payload == summary.rounds[0].up.payload })
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `an interrupted run ends cleanly and can be reported`(signal: CInt) throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[2, 2, 200]"), to: "small.yaml")
    let run = try Command(["simulate", topology, "--out", folder.path("run")])
    #expect(run.says("round 5/204"), "\(run.standardError)")
    run.send(signal)
    #expect(run.status(within: 30) == 130, "\(run.standardError)")
    #expect(run.standardOutput.contains("interrupted"))
    let report = try Command(["report", folder.path("run"), "--format", "json"])
    #expect(report.status() == 0)
    #expect(try SmallRun.summary(report.standardOutput).rounds.count >= 5)
  }
}
