import Foundation
import TestSupport
import Testing

/// The sweeps of the documentation's tables, each with its own command, on less data and for a few
/// rounds.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct SweepFilesTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "topologies").path

  private struct Result: Decodable {
    struct Variant: Decodable {
      var name: String
      var runs: Int
      var accuracies: [Double]
      var seeds: [Seed]
    }
    struct Seed: Decodable {
      var dice: Double?
    }
    var variants: [Variant]
  }

  @Test(arguments: [
    ("strategies", 6), ("stages", 6), ("triggers", 4), ("compression", 14), ("heterogeneity", 4),
    ("entry", 9),
    ("depth", 4), ("optimizers", 8), ("cross-silo", 8), ("cross-device", 8), ("quickstart", 4),
  ])
  func `a table's command plays all of its rows`(name: String, rows: Int) throws {
    let result = try play(name, ["--set", "data.limit={train: 2000, test: 100}"])
    #expect(result.variants.count == rows)
    #expect(result.variants.allSatisfy { $0.runs == 1 && $0.accuracies.count == 1 })
  }

  @Test func `what becomes of late updates is played on the whole fleet`() throws {
    let result = try play("stragglers", ["--set", "data.limit={train: 20000, test: 100}"])
    #expect(result.variants.count == 5)
    #expect(result.variants.allSatisfy { $0.runs == 1 && $0.accuracies.count == 1 })
  }

  @Test func `the orders of a U-Net's growth are played on volumes that lie where it is told`()
    throws
  {
    let data = try Folder()
    // A head of 32×32×60 voxels: white matter inside of grey.
    for (map, values) in [("t1", [0, 120, 200]), ("gm", [0, 255, 0]), ("wm", [0, 0, 255])] {
      let voxels = (0..<32 * 32 * 60).map { index in
        let (x, y) = (index % 32 - 16, index / 32 % 32 - 16)
        let tissue = x * x + y * y < 36 ? 2 : x * x + y * y < 144 ? 1 : 0
        return UInt8(values[tissue])
      }
      let file = data.path("mni_icbm152_\(map)_tal_nlin_sym_09a_converted.nii")
      try Data(NIfTIBytes([32, 32, 60], voxels).bytes).write(to: URL(fileURLWithPath: file))
    }
    let result = try play(
      "unet",
      [
        "--set", "data.path=\(data.url.path)", "--set",
        "data.slices={rows: 16, columns: 16, step: 2, every: 1}",
      ])
    #expect(result.variants.map(\.name) == ["end-to-end", "outermost-first", "bottom-first"])
    #expect(result.variants.allSatisfy { ($0.seeds.first?.dice ?? 0) > 0.1 })
  }

  /// What a sweep's command says for six rounds and one seed; called again, it plays nothing twice.
  private func play(_ name: String, _ settings: [String]) throws -> Result {
    let folder = try Folder()
    let command =
      [
        "sweep", "\(Self.folder)/sweep-\(name).yaml", "--out", folder.path("sweep"),
        "--rounds", "6", "--seeds", "1", "--jobs", "2",
      ] + settings
    let sweep = try Command(command + ["--format", "json", "--quiet"])
    #expect(sweep.status(within: 240) == 0, "\(sweep.standardError)")
    let result = try JSONDecoder().decode(Result.self, from: Data(sweep.standardOutput.utf8))
    let again = try Command(command)
    #expect(again.status(within: 30) == 0, "\(again.standardError)")
    let there = again.standardError.split(separator: "\n").count {
      $0.hasSuffix("is there already")
    }
    #expect(there == result.variants.count)
    return result
  }
}
