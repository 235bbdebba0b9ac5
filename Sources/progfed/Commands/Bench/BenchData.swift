import ArgumentParser
import Benchmarks
import Foundation
import Measures

/// Measures the reading of one's own pictures.
struct BenchData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract:
      "Measure the reading of pictures from folders of classes, on one core and on several.",
    discussion: """
      The limit is reading the same files without decoding them, on one core.
      """)

  @Option(help: "How many pictures are made and read.")
  var count: Int = 10_000

  @Option(help: "The rows and columns of each.")
  var side: Int = 28

  @Option(help: "The channels of each: 1 or 3.")
  var channels: Int = 1

  @Option(help: "The files' kind: png or jpeg.")
  var kind: DataBenchmark.Kind = .png

  @Option(help: "How many threads read in the second measurement.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: "A folder of one's own instead, with a folder per class.")
  var path: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value, limit) in [
      ("count", count, 1_000_000), ("side", side, 4096), ("threads", threads, 1024),
    ]
    where !(1...limit).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to \(limit)")
    }
    guard channels == 1 || channels == 3 else {
      throw ValidationError("--channels \(channels): give 1 or 3")
    }
  }

  func run() throws {
    try Exit.reporting {
      let benchmark = DataBenchmark(
        count: count, side: side, channels: channels, kind: kind, threads: threads)
      let result = try benchmark.measure(path: path, clock: ContinuousClock())
      guard json else {
        return print(
          "\(result.images) pictures: \(Int(result.imagesPerSecond)) a second; limit "
            + "\(Int(result.limitImagesPerSecond)), ratio \(result.ratio.fixed(2)); on \(result.threads) threads "
            + "\(Int(result.parallelImagesPerSecond)); \(result.decodedBytes) bytes decoded, \(result.addedBytes) more resident at most"
        )
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }
  }
}

extension DataBenchmark.Kind: ExpressibleByArgument {}
