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

      A long campaign takes --minutes; the line that ends it names the seed with which the next one goes on, to be \
      given as --first.
      """)

  @Option(help: "How many seeds are played; 10000 if left out, unless there are minutes.")
  var seeds: Int?

  @Option(help: "For how many minutes seeds are played; each that began is ended.")
  var minutes: Double?

  @Option(help: "The first seed that is played.")
  var first: UInt64 = 0

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
    if let seeds, !(1...100_000_000).contains(seeds) {
      throw ValidationError("--seeds \(seeds): give a number from 1 to 100000000")
    }
    if let minutes, !(0.01...100_000).contains(minutes) {
      throw ValidationError("--minutes \(minutes): give a number from 0.01 to 100000")
    }
    if seeds != nil, minutes != nil {
      throw ValidationError("--seeds and --minutes: give one of them")
    }
    guard first < Self.end else {
      throw ValidationError("--first \(first): give a number below \(Self.end)")
    }
    if let seed, seed >= Self.end {
      throw ValidationError("--seed \(seed): give a number below \(Self.end)")
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
      try write(FaultFigures(seed: seed, outcome))
    } else {
      for line in outcome.trace { print(line) }
      print(outcome.violation?.description ?? "seed \(seed): all promises are kept")
    }
    if outcome.violation != nil { throw Exit.bug }
  }

  /// Plays all seeds, or as many as there is time for, on all threads.
  private func play() throws {
    let clock = ContinuousClock()
    let (start, used) = (clock.now, Self.processorTime)
    let end = minutes.map { start + .seconds(60 * $0) }
    let last = minutes == nil ? first + UInt64(seeds ?? 10_000) : .max
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let width = min(threads ?? cores, Int(clamping: last - first))
    // The first seed that is left out is where the next campaign goes on, at the latest.
    let state = Mutex((next: first, left: UInt64.max, result: FaultCampaign.Report()))
    DispatchQueue.concurrentPerform(iterations: width) { _ in
      while end.map({ clock.now < $0 }) ?? true {
        let block = state.withLock { state -> Range<UInt64>? in
          guard state.next < last, state.result.failures.isEmpty else { return nil }
          let block = state.next..<min(state.next + Self.block, last)
          state.next = block.upperBound
          return block
        }
        guard let block else { return }
        let report = FaultCampaign(seeds: block, mutation: chosen).run()
        state.withLock { state in
          state.result.add(report)
          // A failure ends its block.
          let end = block.lowerBound + UInt64(report.seeds)
          if end < block.upperBound { state.left = min(state.left, end) }
        }
      }
    }
    let (next, left, report) = state.withLock { $0 }
    let result = FaultFigures(
      report, first: first, next: min(next, left), threads: width, elapsed: clock.now - start,
      processorTime: Self.processorTime - used)
    if json { try write(result) } else { print(result.text) }
    if !result.failures.isEmpty { throw Exit.bug }
  }

  /// The time that the processors have spent on this process.
  private static var processorTime: Duration {
    var time = timespec()
    // SAFETY: the structure is a local variable.
    _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// The seeds that a thread takes at a time.
  private static let block: UInt64 = 50
  /// The end of all seeds that may be given, far from where numbers end.
  private static let end: UInt64 = 1 << 62

  private func write(_ result: FaultFigures) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    print(String(decoding: try encoder.encode(result), as: UTF8.self))
  }
}
