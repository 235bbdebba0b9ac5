import Foundation
import TestSupport
import Testing

/// Processes that are stopped for longer than anybody waits, as a laptop that sleeps.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct SuspensionTests {
  private static func topology(deadline: String) -> String {
    TinyRun.topology(
      rounds: "[3, 3, 6]", participation: "  minimum: 4\n  deadline: \(deadline)")
  }

  @Test func `a broker that was stopped beyond its round's deadline waits for nobody in vain`()
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(Self.topology(deadline: "6 s"), to: "tiny.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    let worker = try Command([
      "worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1",
    ])
    #expect(broker.says("round 2/"), "\(broker.standardError)")
    broker.send(SIGSTOP)
    Thread.sleep(forTimeInterval: 14)
    broker.send(SIGCONT)
    #expect(broker.status(within: 90) == 0, "\(broker.standardError)")
    #expect(worker.status(within: 60) == 0, "\(worker.standardError)")
    let rounds = try SmallRun.summary(broker.standardOutput).rounds
    #expect(rounds.count == 12)
    #expect(rounds.allSatisfy { $0.accepted == 3 && $0.lost == 0 && $0.late == 0 }, "\(rounds)")
  }

  @Test func `a worker that was stopped for longer than its patience plays on`() throws {
    let folder = try Folder()
    let topology = try folder.write(Self.topology(deadline: "90 s"), to: "tiny.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    let worker = try Command([
      "worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1",
      "--patience", "6",
    ])
    #expect(broker.says("round 2/"), "\(broker.standardError)")
    worker.send(SIGSTOP)
    Thread.sleep(forTimeInterval: 14)
    worker.send(SIGCONT)
    #expect(broker.status(within: 90) == 0, "\(broker.standardError)")
    #expect(worker.status(within: 60) == 0, "\(worker.standardError)")
    #expect(try SmallRun.summary(broker.standardOutput).rounds.count == 12)
  }
}
