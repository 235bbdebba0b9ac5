import Foundation
import TestSupport
import Testing

/// A run directory that is put back from a copy, while its worker lives on.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(4))) struct RestoredRunTests {
  @Test func `a broker of an epoch that its worker knows already goes on with a later one`() throws
  {
    let folder = try Folder()
    let text = TinyRun.topology(rounds: "[2, 2, 2]").replacing(
      "  chunk: 64 kB", with: "  chunk: 64 kB\n  heartbeat: 500 ms\n  silence: 5 s")
    let topology = try folder.write(text, to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let (run, copy) = (folder.path("run"), folder.path("copy"))
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let first = try Command(
      ["broker", topology, "--bind", endpoint, "--out", run],
      environment: ["PROGFED_KILL_AT": "round-opened:2"])
    let worker = try Command([
      "worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1",
    ])
    #expect(first.status(within: 60) == SIGKILL, "\(first.standardError)")
    // A socket can't be copied; the killed broker left its own.
    try? FileManager.default.removeItem(atPath: "\(run)/control.sock")
    try FileManager.default.copyItem(atPath: run, toPath: copy)
    // The second one goes two rounds further, and is lost with all that it wrote.
    let second = try Command(
      ["broker", "--resume", run, "--bind", endpoint],
      environment: ["PROGFED_KILL_AT": "round-opened:3"])
    #expect(second.status(within: 60) == SIGKILL, "\(second.standardError)")
    try FileManager.default.removeItem(atPath: run)
    try FileManager.default.moveItem(atPath: copy, toPath: run)
    let third = try Command(["broker", "--resume", run, "--bind", endpoint, "--json"])
    #expect(third.status(within: 90) == 0, "\(third.standardError)")
    #expect(worker.status(within: 60) == 0, "\(worker.standardError)")
    let summary = try SmallRun.summary(third.standardOutput)
    #expect(summary.final.modelDigest == expected)
    #expect(summary.counters["epoch raised by a client"] ?? 0 > 0, "\(summary.counters)")
    let epoch = try String(contentsOfFile: "\(run)/epoch", encoding: .utf8)
    #expect((Int(epoch.prefix(while: \.isNumber)) ?? 0) >= 3, "\(epoch)")
  }
}
