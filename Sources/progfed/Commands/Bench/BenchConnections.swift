import ArgumentParser
import Benchmarks
import Foundation
import Measures
import Runtime

/// Measures how many workers a broker takes.
struct BenchConnections: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connections",
    abstract: "Join many workers to one broker over loopback and run a round of small updates.")

  @Option(help: "How many workers join, each over three connections.")
  var workers: Int = 2000

  @Flag(help: "Encrypt the connections, each worker with a key of its own.")
  var curve = false

  @Flag(help: "Give the workers no plan: each fetches it before it joins.")
  var plan = false

  @Flag(help: "Print JSON.")
  var json = false

  @Option(
    help: ArgumentHelp("Play these workers of another process's broker.", visibility: .private))
  var play: ClientRange?

  @Option(
    help: ArgumentHelp("Where that broker is: control, bulk, updates.", visibility: .private))
  var at: [String] = []

  @Option(help: ArgumentHelp("The file of their keys.", visibility: .private))
  var keys: String?

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
      let benchmark = ConnectionBenchmark(
        workers: workers, isEncrypted: curve, fetchesPlan: plan)
      if let play, at.count == 3, let first = play.numbers.first, let last = play.numbers.last {
        try benchmark.play(
          first..<last + 1, at: Endpoints(control: at[0], bulk: at[1], updates: at[2]),
          keys: keys.map { URL(fileURLWithPath: $0) })
        return
      }
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "progfed-bench-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      let result = try benchmark.run(at: folder) { clients, endpoints, keys in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
          "bench", "connections", "--workers", "\(workers)", "--play",
          "\(clients.lowerBound)-\(clients.upperBound - 1)",
        ]
        if plan { process.arguments?.append("--plan") }
        for endpoint in [endpoints.control, endpoints.bulk, endpoints.updates] {
          process.arguments? += ["--at", endpoint]
        }
        if let keys { process.arguments? += ["--keys", keys.path(percentEncoded: false)] }
        return process
      }
      guard !json else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
        return
      }
      print(
        """
        \(result.workers) workers\(curve ? ", encrypted," : "") \(plan ? "fetched the plan of \(result.planBytes) bytes and " : "")\
        joined in \(result.joinSeconds.fixed(2)) s
        one round: \(result.accepted) updates counted in \(result.roundSeconds.fixed(2)) s
        memory of the broker per worker: \(result.joinedKilobytesPerWorker.fixed(1)) kB after joining, \
        \(result.memoryPerWorkerKilobytes.fixed(1)) kB after the round
        \(result.openDescriptors) descriptors open at the broker
        """)
    }
  }
}
