import Foundation
import TestSupport
import Testing

/// The ledger against the kernel, on real connections.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct MeterTests {
  private struct Summary: Decodable {
    struct Counts: Decodable {
      var ledger: Int
      var kernel: Int
      var difference: Int
      var retransmitted: Int
    }
    struct Stage: Decodable {
      var stage: Int
      var down: Counts
      var up: Counts
    }
    struct Meter: Decodable {
      var connections: Int
      var unmetered: Int
      var rejected: Int
      var down: Counts
      var up: Counts
      var stages: [Stage]
    }
    struct Bytes: Decodable {
      var payload: Int
      var wire: Int
    }
    struct Both: Decodable {
      var down: Bytes
      var up: Bytes
    }
    var meter: Meter
    var sockets: Both
    var kinds: [String: Both]
  }

  @Test func `the ledger is the kernel's count to the byte, whoever joins, breaks off and returns`()
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(
        participation: "  perRound: 6\n  minimum: 6\n  joinTimeout: 4 s", rounds: "[2, 2, 3]",
        more: "limits:\n  heartbeat: 10 ms\n  announce: 200 ms"),
      to: "small.yaml")
    let port = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    let detour = try freePorts()
    let relay = try TCPRelay(from: detour, to: port, count: 3)
    let first = try Command([
      "worker", topology, "--connect", "tcp://127.0.0.1:\(detour)", "--clients", "0-3",
    ])
    #expect(first.says("all 4 clients joined"), "\(first.standardError)")
    #expect(broker.says("waiting for clients: 4 of"), "\(broker.standardError)")
    relay.cut()  // all three connections break; the worker makes new ones
    let second = try Command(["worker", topology, "--connect", endpoint, "--clients", "4-5"])
    #expect(broker.says("round 1/7"), "\(broker.standardError)")
    // Joins in the middle of the run, while models and updates are on their way.
    let third = try Command(["worker", topology, "--connect", endpoint, "--clients", "6-7"])
    #expect(broker.status() == 0, "\(broker.standardError)")
    for worker in [first, second, third] {
      #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    }
    try expectAgreement(broker.standardOutput, connections: 12)
  }

  private func expectAgreement(_ output: String, connections: Int) throws {
    let summary = try JSONDecoder().decode(Summary.self, from: Data(output.utf8))
    let meter = summary.meter
    #expect(meter.connections == connections)
    #expect(meter.unmetered == 0 && meter.rejected == 0)
    #expect(meter.down.ledger == meter.down.kernel, "\(meter)")
    #expect(meter.up.ledger == meter.up.kernel, "\(meter)")
    #expect(meter.stages.map(\.stage) == [1, 2, 3])
    // What the report shows as the socket view is what was compared, and what TCP sent again.
    #expect(
      summary.sockets.down.wire == meter.down.ledger + meter.down.retransmitted, "\(meter)")
    #expect(summary.sockets.up.wire == meter.up.ledger)
    #expect(meter.down.kernel > 1_000_000 && meter.up.kernel > 1_000_000)
    for kind in ["keyframe", "update", "control", "handshake"] {
      #expect(summary.kinds[kind] != nil, "\(kind)")
    }
    #expect(summary.kinds["heartbeat"]?.up.wire ?? 0 > 0)
  }
}
