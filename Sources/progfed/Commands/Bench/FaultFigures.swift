import Faults
import Foundation
import Measures

/// The figures of a fault campaign, as JSON and for people.
struct FaultFigures: Encodable {
  /// So much of what was played in an hour of one core.
  struct Rates: Encodable {
    let simulatedSeconds: Double
    let events: Double
    let crashes: Double
    let powerLosses: Double
    let diskFaults: Double
    let lostMessages: Double
  }

  let first: UInt64
  let next: UInt64
  let seeds: Int
  let events: Int
  let simulatedSeconds: Double
  let crashes: Int
  let powerLosses: Int
  let diskFaults: Int
  let lostMessages: Int
  let threads: Int
  let seconds: Double
  let processorSeconds: Double
  let eventsPerSecond: Double
  let perCoreHour: Rates
  let failures: [String]

  /// The figures of seeds from `first` on: all before `next`, and after a failure perhaps some
  /// later ones, as threads play side by side.
  ///
  /// An hour of a core is one of the processor's time, whatever else ran beside it.
  init(
    _ report: FaultCampaign.Report, first: UInt64, next: UInt64, threads: Int, elapsed: Duration,
    processorTime: Duration, failures: [String]? = nil
  ) {
    let toll = report.toll
    self.first = first
    self.next = next
    seeds = report.seeds
    events = report.events
    simulatedSeconds = toll.time.seconds
    (crashes, powerLosses) = (toll.crashes, toll.powerLosses)
    (diskFaults, lostMessages) = (toll.diskFaults, toll.lostMessages)
    self.threads = threads
    seconds = elapsed.seconds
    eventsPerSecond = seconds > 0 ? Double(events) / seconds : 0
    processorSeconds = processorTime.seconds
    let perHour = processorSeconds > 0 ? 3600 / processorSeconds : 0
    perCoreHour = Rates(
      simulatedSeconds: simulatedSeconds * perHour, events: Double(events) * perHour,
      crashes: Double(crashes) * perHour, powerLosses: Double(powerLosses) * perHour,
      diskFaults: Double(diskFaults) * perHour, lostMessages: Double(lostMessages) * perHour)
    self.failures = failures ?? report.failures.map(\.description)
  }

  /// The figures of one seed, which was played for its events.
  init(seed: UInt64, _ outcome: FaultOutcome) {
    var report = FaultCampaign.Report()
    (report.seeds, report.events, report.toll) = (1, outcome.events, outcome.toll)
    self.init(
      report, first: seed, next: seed + 1, threads: 1, elapsed: .zero, processorTime: .zero,
      failures: outcome.violation.map { ["seed \(seed) \($0)"] } ?? [])
  }

  /// Lines for people.
  var text: String {
    let verdict = failures.isEmpty ? "all promises are kept" : failures.joined(separator: "\n\n")
    let rows: [(String, String, String)] = [
      ("simulated time", Self.time(simulatedSeconds), Self.time(perCoreHour.simulatedSeconds)),
      ("events", "\(events)", Self.count(perCoreHour.events)),
      ("crashes of processes", "\(crashes)", Self.count(perCoreHour.crashes)),
      ("losses of power", "\(powerLosses)", Self.count(perCoreHour.powerLosses)),
      ("faults of the disk", "\(diskFaults)", Self.count(perCoreHour.diskFaults)),
      ("lost messages", "\(lostMessages)", Self.count(perCoreHour.lostMessages)),
    ]
    var lines = [
      "\(seeds) seeds, \(events) events in \(seconds.fixed(1)) s on \(threads) threads, "
        + "\(processorSeconds.fixed(1)) s of a core: "
        + "\(Int(eventsPerSecond)) events/s",
      Self.row("", "in all", "a core-hour"),
    ]
    lines += rows.map(Self.row)
    let played = next > first ? "seeds \(first) to \(next - 1)" : "no seed"
    lines += ["\(played); go on with --first \(next)", verdict]
    return lines.joined(separator: "\n")
  }

  private static func row(_ name: String, _ all: String, _ rate: String) -> String {
    func space(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count))
    }
    return name + space(name, 22) + space(all, 16) + all + space(rate, 16) + rate
  }

  private static func count(_ number: Double) -> String { number.fixed(0) }

  /// Hours, days or years.
  private static func time(_ seconds: Double) -> String {
    switch seconds {
    case (365.25 * 86_400)...: "\((seconds / 365.25 / 86_400).fixed(2)) years"
    case 86_400...: "\((seconds / 86_400).fixed(1)) days"
    default: "\((seconds / 3600).fixed(2)) hours"
    }
  }
}
