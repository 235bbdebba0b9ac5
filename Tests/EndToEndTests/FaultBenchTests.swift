import Foundation
import TestSupport
import Testing

/// `progfed bench faults`: what it plays, what it counts, and where the next campaign goes on.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct FaultBenchTests {
  private struct Figures: Decodable {
    struct Rates: Decodable {
      var simulatedSeconds: Double
      var events: Double
      var crashes: Double
      var powerLosses: Double
      var diskFaults: Double
      var lostMessages: Double
    }

    var first: Int
    var next: Int
    var seeds: Int
    var events: Int
    var simulatedSeconds: Double
    var crashes: Int
    var powerLosses: Int
    var diskFaults: Int
    var lostMessages: Int
    var threads: Int
    var seconds: Double
    var processorSeconds: Double
    var perCoreHour: Rates
    var failures: [String]
  }

  private func figures(_ arguments: [String]) throws -> Figures {
    let bench = try Command(["bench", "faults", "--json"] + arguments)
    #expect(bench.status(within: 240) == 0, "\(bench.standardError)")
    return try JSONDecoder().decode(Figures.self, from: Data(bench.standardOutput.utf8))
  }

  @Test func `a campaign counts what went wrong, the same on any number of threads`() throws {
    let one = try figures(["--seeds", "120", "--first", "7", "--threads", "1"])
    #expect((one.first, one.next, one.seeds, one.threads) == (7, 127, 120, 1))
    #expect(one.failures.isEmpty)
    #expect(one.simulatedSeconds > 120 && one.events > 10_000)
    #expect(one.crashes > 0 && one.powerLosses > 0)
    #expect(one.diskFaults > 0 && one.lostMessages > 0)
    #expect(one.processorSeconds > 0 && one.processorSeconds < one.seconds + 0.1)
    let hours = one.processorSeconds / 3600
    #expect(abs(one.perCoreHour.events * hours / Double(one.events) - 1) < 1e-6)
    let three = try figures(["--seeds", "120", "--first", "7", "--threads", "3"])
    #expect(three.events == one.events && three.simulatedSeconds == one.simulatedSeconds)
    #expect(three.crashes == one.crashes && three.powerLosses == one.powerLosses)
    #expect(three.diskFaults == one.diskFaults && three.lostMessages == one.lostMessages)
  }

  @Test func `minutes end a campaign, and another goes on behind it`() throws {
    let first = try figures(["--minutes", "0.02", "--threads", "1"])
    #expect(first.seeds > 0 && first.next == first.seeds)
    let second = try figures(["--minutes", "0.02", "--threads", "1", "--first", "\(first.next)"])
    #expect(second.first == first.next && second.next == second.first + second.seeds)
  }

  @Test func `as text it tells all of that, and how to go on`() throws {
    let bench = try Command(["bench", "faults", "--seeds", "60"])
    #expect(bench.status(within: 240) == 0, "\(bench.standardError)")
    for word in [
      "simulated time", "crashes of processes", "losses of power", "faults of the disk",
      "lost messages", "a core-hour", "go on with --first 60", "all promises are kept",
    ] {
      #expect(bench.standardOutput.contains(word), "\(bench.standardOutput)")
    }
  }

  @Test func `a campaign that found something leaves no seed out for the next`() throws {
    let bench = try Command([
      "bench", "faults", "--json", "--seeds", "200", "--threads", "1", "--mutation",
      "acknowledgesBeforeStoring",
    ])
    #expect(bench.status(within: 240) == 70, "\(bench.standardError)")
    let found = try JSONDecoder().decode(Figures.self, from: Data(bench.standardOutput.utf8))
    #expect(found.failures.count == 1 && found.next == found.first + found.seeds)
  }

  @Test(arguments: [
    ["--seed", "18446744073709551615"], ["--seeds", "5", "--minutes", "1"], ["--minutes", "0"],
    ["--first", "9223372036854775807"],
  ])
  func `what makes no sense is wrong use`(arguments: [String]) throws {
    let bench = try Command(["bench", "faults"] + arguments)
    #expect(bench.status(within: 60) == 64)
    #expect(bench.standardError.contains(arguments[0]))
  }
}
