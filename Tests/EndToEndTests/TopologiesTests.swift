import Foundation
import TestSupport
import Testing

/// The topologies that come with the project, each played in simulated time for a few rounds.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct TopologiesTests {
  static var folder: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "topologies").path
  }

  @Test(arguments: [
    ("quickstart", []), ("flaky-edge", ["segment sent again"]), ("rural-dsl", []),
    ("satellite", []), ("factory", []), ("commuters", ["segment sent again"]),
    ("partition", ["fault: partition", "drop-out: cut off"]),
    ("stragglers", ["straggler: training"]),
  ])
  func `a topology shows what its comment says`(name: String, counted: [String]) throws {
    let folder = try Folder()
    let run = try Command([
      "simulate", "\(Self.folder)/\(name).yaml", "--cost-model", "--rounds", "12", "--json",
      "--quiet", "--out", folder.path("run"),
    ])
    #expect(run.status() == 0, "\(run.standardError)")
    let summary = try SmallRun.summary(run.standardOutput)
    #expect(summary.rounds.count == 12)
    #expect(summary.rounds.allSatisfy { $0.accepted > 0 })
    for what in counted { #expect(summary.counters[what] ?? 0 > 0, "nothing of: \(what)") }
  }
}
