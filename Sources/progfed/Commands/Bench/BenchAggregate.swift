import ArgumentParser
import Codecs
import Federation
import Foundation
import Measures

/// Measures aggregation.
struct BenchAggregate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aggregate",
    abstract: "Measure aggregation: encoded updates, checked and folded into the mean, on one core."
  )

  @Option(help: "The codec of the updates.")
  var codec: String = "linear8"

  @Option(help: "The parameters of an update.")
  var count: Int = 11_220_132

  @Option(help: "How many updates are folded.")
  var updates: Int = 5

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value, limit) in [
      ("count", count, 1 << 28), ("updates", updates, 10_000),
    ] where !(1...limit).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to \(limit)")
    }
    do {
      _ = try CodecSpec(parsing: codec)
    } catch {
      throw ValidationError("--codec \(codec): \(error)")
    }
  }

  func run() throws {
    try Exit.reporting {
      let benchmark = AggregationBenchmark(parameters: count, updates: updates)
      let result = try benchmark.measure(try CodecSpec(parsing: codec), clock: ContinuousClock())
      guard json else {
        return print(
          "\(result.gigaelementsPerSecond.fixed(2)) · 10⁹ values a second; limit "
            + "\(result.limitGigaelementsPerSecond.fixed(2)), ratio \(result.ratio.fixed(2))")
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }
  }
}
