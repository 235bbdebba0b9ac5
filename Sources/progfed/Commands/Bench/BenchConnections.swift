import ArgumentParser
import Fleet
import Foundation
import Measures

/// Measures how many workers a broker takes.
struct BenchConnections: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connections",
    abstract: "Join many workers to one broker over loopback and run a round of small updates.")

  @Option(help: "How many workers join, each over three connections; nine descriptors each.")
  var workers: Int = 2000

  @Flag(help: "Encrypt the connections, each worker with a key of its own.")
  var curve = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...ConnectionBenchmark.limit).contains(workers) else {
      throw ValidationError(
        """
        --workers \(workers): the process may have descriptors for 1 to \(ConnectionBenchmark.limit); \
        raise the limit with ulimit -n
        """)
    }
  }

  func run() throws {
    try Exit.reporting {
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "progfed-bench-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      let result = try ConnectionBenchmark(workers: workers, isEncrypted: curve).run(at: folder)
      guard !json else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
        return
      }
      print(
        """
        \(result.workers) workers\(curve ? ", encrypted," : "") joined in \(result.joinSeconds.fixed(2)) s
        one round: \(result.accepted) updates counted in \(result.roundSeconds.fixed(2)) s
        \(result.memoryPerWorkerKilobytes.fixed(1)) kB of memory per worker, both ends of its connections
        \(result.openDescriptors) descriptors open
        """)
    }
  }
}
