import ArgumentParser
import Codecs
import Foundation
import Measures

/// Measures codecs.
struct BenchCodec: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "codec",
    abstract:
      "Measure codecs: speed on one core, bits per parameter, error, and the limit beside them.",
    discussion: """
      The limit is a plain C loop that scales bytes and adds them to an accumulator; the ratio is that of \
      decoding and adding to it.
      """)

  @Option(
    help:
      "A codec, such as eden1 or topk1+linear4; may be repeated. By default those worth comparing.")
  var codec: [String] = []

  @Option(help: "How many values are coded.")
  var count: Int = 11_220_132

  @Option(help: "How often each is measured; the fastest counts.")
  var repetitions: Int = 3

  @Flag(help: "Print JSON.")
  var json = false

  /// The figures for scripts.
  private struct Report: Encodable {
    var codecs: [CodecBenchmark.Result]
    var hadamardExponent: Int
    var hadamardGigaelementsPerSecond: Double
  }

  func validate() throws {
    for (name, value, limit) in [
      ("count", count, 1 << 28), ("repetitions", repetitions, 1000),
    ] where !(1...limit).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to \(limit)")
    }
    for text in codec {
      do {
        _ = try CodecSpec(parsing: text)
      } catch {
        throw ValidationError("--codec \(text): \(error)")
      }
    }
  }

  func run() throws {
    try Exit.reporting {
      let specs = try (codec.isEmpty ? CodecBenchmark.usual : codec).map {
        try CodecSpec(parsing: $0)
      }
      let benchmark = CodecBenchmark(count: count, repetitions: repetitions)
      if !json { print(Self.row("codec", "encode", "fold", "limit", "ratio", "bits", "error")) }
      var results: [CodecBenchmark.Result] = []
      for spec in specs {
        let result = try benchmark.measure(spec, clock: ContinuousClock())
        results.append(result)
        if !json { print(Self.row(result)) }
      }
      let exponent = 20
      let rate = benchmark.hadamard(exponent: exponent, clock: ContinuousClock())
      if json {
        let report = Report(
          codecs: results, hadamardExponent: exponent, hadamardGigaelementsPerSecond: rate)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
      } else {
        print(
          "\nencode, fold, limit: 10⁹ values a second; error: squared, relative to the squared norm"
        )
        print("Walsh–Hadamard of 2^\(exponent): \(rate.fixed(2)) · 10⁹ values a second")
      }
    }
  }

  private static func row(_ result: CodecBenchmark.Result) -> String {
    row(
      result.codec, result.encodeGigaelementsPerSecond.fixed(2),
      result.foldGigaelementsPerSecond.fixed(2), result.limitGigaelementsPerSecond.fixed(2),
      result.foldRatio.fixed(2), result.bitsPerParameter.fixed(3),
      result.relativeSquaredError.fixed(4))
  }

  private static func row(_ name: String, _ cells: String...) -> String {
    let padding = String(repeating: " ", count: max(0, 18 - name.count))
    return cells.reduce(name + padding) { line, cell in
      line + String(repeating: " ", count: max(1, 9 - cell.count)) + cell
    }
  }
}
