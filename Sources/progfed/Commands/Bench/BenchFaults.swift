import ArgumentParser
import Dispatch
import Faults
import Foundation
import Measures
import Synchronization

/// Plays the protocol's machines through seeded misfortunes.
struct BenchFaults: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "faults",
    abstract: "Look for a broken promise: seeded losses, crashes and partitions in virtual time.",
    discussion: """
      Each seed is a small federation and what goes wrong in it. The machines are those of broker and \
      worker; after each event all promises are checked. A seed that breaks one is shrunk to the faults \
      that it takes, and told with the events before it and the command that replays it.
      """)

  @Option(help: "How many seeds are played, from 0 on.")
  var seeds: Int = 10_000

  @Option(help: "Play this seed alone, and tell what happens.")
  var seed: UInt64?

  @Option(help: "With --seed: the numbers of the faults that are left, as in 0,3, or none.")
  var only: String?

  @Option(help: "Break this promise on purpose; `list` lists them.")
  var mutation: String?

  @Option(help: "How many threads play seeds; all cores if left out.")
  var threads: Int?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...100_000_000).contains(seeds) else {
      throw ValidationError("--seeds \(seeds): give a number from 1 to 100000000")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    if only != nil, seed == nil { throw ValidationError("--only goes with --seed") }
    if let only, only != "none", kept(of: only) == nil {
      throw ValidationError("--only \(only): give numbers as in 0,3, or none")
    }
    if let mutation, mutation != "list", Mutation(rawValue: mutation) == nil {
      throw ValidationError("--mutation \(mutation): there is no such one; write list to see all")
    }
  }

  func run() throws {
    if mutation == "list" {
      for mutation in Mutation.allCases { print(mutation.rawValue) }
    } else if let seed {
      try replay(seed)
    } else {
      try play()
    }
  }

  private var chosen: Mutation? { mutation.flatMap(Mutation.init(rawValue:)) }

  private func kept(of text: String) -> [Int]? {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let known = numbers.compactMap(\.self).filter { $0 >= 0 }
    return known.count == numbers.count ? known : nil
  }

  /// Plays one seed and tells all that happens.
  private func replay(_ seed: UInt64) throws {
    var scenario = FaultScenario(seed: seed)
    if let only { scenario = FaultScenario(seed: seed, faults: kept(of: only) ?? []) }
    let outcome = scenario.play(mutation: chosen, isTraced: !json)
    if json {
      try write(JSON(seed: seed, outcome))
    } else {
      for line in outcome.trace { print(line) }
      print(outcome.violation?.description ?? "seed \(seed): all promises are kept")
    }
    if outcome.violation != nil { throw Exit.bug }
  }

  /// Plays all seeds, on all threads.
  private func play() throws {
    let width = min(threads ?? ProcessInfo.processInfo.activeProcessorCount, seeds)
    let reports = Mutex<[FaultCampaign.Report]>([])
    let clock = ContinuousClock()
    let start = clock.now
    DispatchQueue.concurrentPerform(iterations: width) { part in
      let range = UInt64(part * seeds / width)..<UInt64((part + 1) * seeds / width)
      let report = FaultCampaign(seeds: range, mutation: chosen).run()
      reports.withLock { $0.append(report) }
    }
    let result = JSON(reports.withLock { $0 }, threads: width, elapsed: clock.now - start)
    if json { try write(result) } else { print(result.text) }
    if !result.failures.isEmpty { throw Exit.bug }
  }

  private func write(_ result: JSON) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    print(String(decoding: try encoder.encode(result), as: UTF8.self))
  }

  /// The result of the campaign.
  private struct JSON: Encodable {
    var seeds: Int
    var events: Int
    var threads: Int
    var seconds: Double
    var eventsPerSecond: Double
    var failures: [String]

    init(_ reports: [FaultCampaign.Report], threads: Int, elapsed: Duration) {
      seeds = reports.reduce(0) { $0 + $1.seeds }
      events = reports.reduce(0) { $0 + $1.events }
      self.threads = threads
      seconds = elapsed.seconds
      eventsPerSecond = Double(events) / max(seconds, 1e-9)
      failures = reports.flatMap(\.failures).map(\.description)
    }

    init(seed: UInt64, _ outcome: FaultOutcome) {
      seeds = 1
      events = outcome.events
      threads = 1
      seconds = 0
      eventsPerSecond = 0
      failures = outcome.violation.map { ["seed \(seed) \($0)"] } ?? []
    }

    /// The same for people.
    var text: String {
      let verdict = failures.isEmpty ? "all promises are kept" : failures.joined(separator: "\n\n")
      return """
        \(seeds) seeds, \(events) events in \(seconds.fixed(1)) s on \(threads) threads: \
        \(Int(eventsPerSecond)) events/s
        \(verdict)
        """
    }
  }
}
