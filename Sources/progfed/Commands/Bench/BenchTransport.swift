import ArgumentParser
import Foundation
import Measures
import ZeroMQ

/// Measures the transport.
struct BenchTransport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transport",
    abstract: "Measure chunks over TCP on this machine, beside what libzmq alone does.")

  @Option(help: "The bytes of a chunk.")
  var chunk: Int = 256 << 10

  @Option(help: "Passes through each of the two; the fastest counts.")
  var passes: Int = 20

  @Flag(help: "Encrypt with CURVE.")
  var curve = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value, limit) in [("chunk", chunk, 1 << 26), ("passes", passes, 1000)]
    where !(1...limit).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to \(limit)")
    }
  }

  func run() throws {
    try Exit.reporting {
      var benchmark = TransportBenchmark()
      benchmark.chunk = ByteCount(chunk)
      benchmark.passes = passes
      benchmark.isEncrypted = curve
      let result = try benchmark.run()
      guard json else {
        return print(
          "\(result.gigabytesPerSecond.fixed(2)) GB/s; libzmq alone "
            + "\(result.rawGigabytesPerSecond.fixed(2)) GB/s, ratio \(result.ratio.fixed(2))")
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }
  }
}
