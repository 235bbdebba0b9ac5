import Codecs
import Federation
import Foundation
import Testing
import Topology

/// The topologies of the experiments on compression.
struct ExperimentTopologyTests {
  private func topology(_ name: String) throws -> Topology {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appending(path: "topologies/\(name).yaml"), encoding: .utf8)
    return try Texts.topology(text)
  }

  @Test(arguments: [("fmnist-cross-silo", 10), ("fmnist-cross-device", 100)])
  func `the experiments on compression are right and long enough`(
    name: String, clients: Int
  ) throws {
    let topology = try topology(name)
    #expect(topology.name == name)
    #expect(topology.clients == clients)
    #expect(topology.rules.clientsPerRound == 10)
    #expect(topology.rounds >= 300)
    #expect(topology.codecs.up == UpdateCodec(.dense32))
    #expect(TopologyCheck(topology).warnings.isEmpty)
  }
}
