import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ConnectionTests {
  @Test func `connections cut again and again don't change a bit of the model`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology().replacing("chunk: 64 kB", with: "chunk: 16 kB"), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let port = try freePorts()
    let broker = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("run"),
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    // Downloads cross the second port, uploads the third.
    let relay = try CuttingRelay(to: port, ports: 3, cutting: [1: 150_000, 2: 200_000], times: 4)
    defer { relay.stop() }
    let worker = try Command([
      "worker", topology, "--connect", "tcp://127.0.0.1:\(relay.port)", "--clients", "0-3",
    ])
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(relay.cuts[1] == 4 && relay.cuts[2] == 4, "\(relay.cuts)")
    let ledger = try TinyRun.Ledger(at: folder.path("run"))
    #expect(ledger.digest == expected)
    #expect(ledger.accepted.count == 12 && Set(ledger.accepted).count == 12)
    #expect(TinyRun.acknowledged(worker).subtracting(ledger.accepted).isEmpty)
  }

  @Test func `a worker whose connection is cut again and again gets the whole model in the end`()
    throws
  {
    let folder = try Folder()
    // It asks several times before it is connected again, each time for all that it lacks.
    let tiny = TinyRun.topology(rounds: "[1, 1, 1]")
      .replacing("chunk: 64 kB", with: "chunk: 16 kB\n  repairFactor: 6")
    let topology = try folder.write(tiny, to: "tiny.yaml")
    let port = try freePorts()
    let broker = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("run"),
      "--json",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    // A connection for chunks carries a few of them, for all four clients.
    let relay = try CuttingRelay(to: port, ports: 3, cutting: [1: 70_000], times: 15)
    defer { relay.stop() }
    let worker = try Command([
      "worker", topology, "--connect", "tcp://127.0.0.1:\(relay.port)", "--clients", "0-3",
    ])
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    #expect(try #require(relay.cuts[1]) > 8, "\(relay.cuts)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.allSatisfy { $0.accepted == 3 }, "\(summary)")
  }

  @Test func `a broker without clients waits, says so, and goes on when they return`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology(participation: "  minimum: 4\n  deadline: 2 s"), to: "tiny.yaml")
    let endpoint = "ipc://\(folder.path("socket"))"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"),
    ])
    let worker = ["worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1"]
    let first = try Command(worker, environment: ["PROGFED_KILL_AT": "training-begun:4"])
    #expect(first.status(within: 30) == SIGKILL)
    #expect(broker.says("round 2: 0 of 3 updates counted"), "\(broker.standardError)")
    #expect(broker.says("0 of 4 are here", times: 2), "\(broker.standardError)")
    let second = try Command(worker)
    #expect(broker.status(within: 60) == 0, "\(broker.standardError)")
    #expect(second.status(within: 30) == 0, "\(second.standardError)")
    let ledger = try TinyRun.Ledger(at: folder.path("run"))
    #expect(Set(ledger.accepted.map(\.round)) == [1, 3, 4])
  }
}
