import ArgumentParser
import Benchmarks
import Foundation
import Links
import Measures

/// Measures a relay's transfer times beside those of virtual time.
struct BenchRelay: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Measure transfers through a real-clock relay beside the same in virtual time.",
    discussion: """
      Each preset's link carries about a second's worth of bytes, three times over a fresh link; the median \
      is shown. Both should agree within 10 % on a quiet machine.
      """)

  @Option(help: "The links; by default all presets.")
  var link: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    try Exit.reporting {
      let presets = link.isEmpty ? LinkPreset.all : link.compactMap(LinkPreset.named)
      guard link.isEmpty || presets.count == link.count else {
        throw ValidationError(
          "--link: the presets are \(LinkPreset.all.map(\.name).joined(separator: ", "))")
      }
      var results: [RelayBenchmark.Result] = []
      if !json { print(Self.line(["link", "way", "kB", "virtual s", "real s", "difference"])) }
      for preset in presets {
        for direction in Direction.allCases {
          let result = try RelayBenchmark.transfer(
            over: preset.profile, named: preset.name, direction)
          results.append(result)
          guard !json else { continue }
          print(
            Self.line([
              result.link, result.direction, (Double(result.bytes) / 1000).fixed(0),
              result.virtualSeconds.fixed(3), result.realSeconds.fixed(3),
              "\((100 * result.difference).fixed(1)) %",
            ]))
        }
      }
      guard json else { return }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(["transfers": results]), as: UTF8.self))
    }
  }

  private static func line(_ cells: [String]) -> String {
    cells.map { String(repeating: " ", count: max(0, 12 - $0.count)) + $0 }.joined()
  }
}
