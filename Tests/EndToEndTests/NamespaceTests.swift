import Foundation
import TestSupport
import Testing

/// The ledger against the kernel over a network of its own.
@Suite(
  .serialized, .longRunning, .timeLimit(.minutes(5)),
  .enabled(
    if: Namespaces.arePermitted, "lossy namespaces take root, iproute2 and nftables"))
struct NamespaceTests {
  private struct Summary: Decodable {
    struct Counts: Decodable {
      var ledger: Int
      var kernel: Int
      var retransmitted: Int
    }
    struct Meter: Decodable {
      var connections: Int
      var unmetered: Int
      var down: Counts
      var up: Counts
    }
    var meter: Meter
  }

  @Test(arguments: [false, true])
  func `the ledger is what the kernel sent once, to the byte`(isLossy: Bool) throws {
    let spaces = try #require(Namespaces(), "the namespaces can't be joined")
    if isLossy {
      let loss = try #require(spaces.lose(), "neither nftables nor netem nor tbf drops packets")
      if loss == .shortQueue {
        print("neither nftables nor netem: packets are lost to a queue that is too short instead")
      }
    } else {
      spaces.probeNoTails()
    }
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
    let endpoint = "tcp://\(spaces.address):7100"
    let broker = try Command(
      [
        "broker", topology, "--bind", endpoint, "--insecure", "--out", folder.path("run"),
        "--json",
      ], within: spaces.first)
    #expect(broker.says("listening"), "\(broker.standardError)")
    let workers = try ["0-1", "2-3"].map { clients in
      try Command(
        ["worker", topology, "--connect", endpoint, "--clients", clients], within: spaces.second)
    }
    #expect(broker.status(within: 120) == 0, "\(broker.standardError)")
    for worker in workers {
      #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    }
    let meter = try JSONDecoder().decode(
      Summary.self, from: Data(broker.standardOutput.utf8)
    ).meter
    #expect(meter.connections == 6 && meter.unmetered == 0, "\(meter)")
    #expect(meter.down.ledger == meter.down.kernel, "\(meter)")
    #expect(meter.up.ledger == meter.up.kernel, "\(meter)")
    #expect(meter.down.kernel > 1_000_000)
    // One packet in twenty, or nearly nothing.
    let again = meter.down.retransmitted
    #expect(isLossy ? again > 10_000 : again < 10_000, "\(meter)")
    // What the interface counted has headers, and acknowledgements of the other direction.
    let stream = meter.down.kernel + meter.down.retransmitted
    #expect(spaces.sent > stream && Double(spaces.sent) < 1.2 * Double(stream), "\(spaces.sent)")
  }
}
