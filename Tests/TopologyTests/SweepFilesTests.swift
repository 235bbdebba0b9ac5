import Foundation
import Testing
import Topology

/// The sweep files that come with the project.
struct SweepFilesTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "topologies")

  private static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasPrefix("sweep-") && $0.hasSuffix(".yaml") }.sorted()
  }()

  @Test func `there are some`() { #expect(Self.names.count >= 10) }

  @Test(arguments: names)
  func `each run of a sweep is a topology, also with few rounds`(name: String) throws {
    let sweep = try Sweep(contentsOf: Self.folder.appending(path: name).path)
    #expect(Set(sweep.runs.map(\.seed)).count >= 3)
    for run in sweep.runs where run.seed == 1 {
      for rounds in [nil, 12] {
        let topology = try Topology(
          contentsOf: sweep.topology,
          overrides: Overrides(rounds: rounds, settings: run.settings), checksFiles: false)
        #expect(topology.seed == 1)
        if let rounds { #expect(topology.rounds == rounds) }
      }
    }
  }
}
