import Foundation
import TestSupport
import Testing

/// The sweeps of the documentation's tables, each with its own command, on less data and for a few rounds.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct SweepFilesTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "topologies").path

  private struct Result: Decodable {
    struct Variant: Decodable {
      var name: String
      var runs: Int
      var accuracies: [Double]
    }
    var variants: [Variant]
  }

  @Test(arguments: [
    ("strategies", 6), ("stages", 10), ("compression", 14), ("heterogeneity", 4), ("entry", 8),
    ("depth", 4), ("optimizers", 8),
  ])
  func `a table's command plays all of its rows`(name: String, rows: Int) throws {
    let folder = try Folder()
    let sweep = try Command([
      "sweep", "\(Self.folder)/sweep-\(name).yaml", "--rounds", "6", "--seeds", "1", "--jobs", "2",
      "--set", "data.limit={train: 2000, test: 100}", "--out", folder.path("sweep"), "--format",
      "json", "--quiet",
    ])
    #expect(sweep.status(within: 240) == 0, "\(sweep.standardError)")
    let result = try JSONDecoder().decode(Result.self, from: Data(sweep.standardOutput.utf8))
    #expect(result.variants.count == rows)
    #expect(result.variants.allSatisfy { $0.runs == 1 && $0.accuracies.count == 1 })
    // Called again, nothing is played twice.
    let again = try Command([
      "sweep", "\(Self.folder)/sweep-\(name).yaml", "--rounds", "6", "--seeds", "1",
      "--set", "data.limit={train: 2000, test: 100}", "--out", folder.path("sweep"),
    ])
    #expect(again.status(within: 30) == 0, "\(again.standardError)")
    #expect(
      again.standardError.split(separator: "\n").count { $0.hasSuffix("is there already") } == rows)
  }
}
