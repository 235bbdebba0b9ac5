import ArgumentParser
import Foundation
import Fuzzing
import Measures

/// Feeds damaged input to everything that takes input from outside.
struct BenchFuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Feed damaged frames, messages, updates, topologies and files to what reads them.",
    discussion: """
      Cases follow from the seed, the target and their number. After a trap, the file named at the start \
      says which block of cases was under way; play it again with --target and --case.
      """)

  @Option(help: "How long to go on.")
  var seconds: Int = 20

  @Option(help: "What the cases are drawn from.")
  var seed: UInt64 = 1

  @Option(help: "One target alone.")
  var target: String?

  @Option(name: .customLong("case"), help: "With --target: this case and the 63 after it.")
  var number: Int?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...1_000_000).contains(seconds) else {
      throw ValidationError("--seconds \(seconds): give a number from 1 to 1000000")
    }
    let names = FuzzCampaign.allTargets(in: folder).map(\.name)
    if let target, !names.contains(target) {
      throw ValidationError("--target \(target): there are \(names.joined(separator: ", "))")
    }
    if number != nil, target == nil { throw ValidationError("--case goes with --target") }
  }

  func run() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let targets = FuzzCampaign.allTargets(in: folder).filter { target ?? $0.name == $0.name }
    let journal = folder.appendingPathExtension("case")
    let campaign = FuzzCampaign(seed: seed, targets: targets, journal: journal)
    let clock = ContinuousClock()
    var tallies: [FuzzCampaign.Tally]
    var memory: [Int] = []
    if let number {
      var tally = FuzzCampaign.Tally(name: targets[0].name)
      for number in number..<number + FuzzCampaign.block {
        campaign.play(number, targets[0], &tally)
      }
      tallies = [tally]
    } else {
      let line = "after a trap, the cases that were under way are named in \(journal.path)\n"
      Terminal.write(line)
      let end = clock.now + .seconds(seconds)
      tallies = campaign.run { _ in
        memory.append(Self.residentBytes())
        return clock.now >= end
      }
    }
    try? FileManager.default.removeItem(at: journal)
    let result = JSON(seed: seed, tallies, memory: memory)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(result), as: UTF8.self))
    } else {
      print(result.text)
    }
    if result.targets.contains(where: { !$0.findings.isEmpty }) { throw Exit.bug }
  }

  private var folder: URL {
    FileManager.default.temporaryDirectory
      .appending(path: "progfed-fuzz-\(ProcessInfo.processInfo.processIdentifier)")
  }

  /// The resident memory of the process.
  private static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return 0
    }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
  }

  /// The result of the fuzzing.
  private struct JSON: Encodable {
    struct Target: Encodable {
      var name: String
      var cases: Int
      var taken: Int
      var casesPerSecond: Double
      var slowestMilliseconds: Double
      var slowestCase: Int
      var findings: [String]
    }

    var seed: UInt64
    var cases: Int
    var casesPerSecond: Double
    /// The process's memory after a tenth of the time, and at the end.
    var residentBytesEarly: Int
    var residentBytes: Int
    var targets: [Target]

    init(seed: UInt64, _ tallies: [FuzzCampaign.Tally], memory: [Int]) {
      self.seed = seed
      cases = tallies.reduce(0) { $0 + $1.cases }
      let elapsed = tallies.reduce(0) { $0 + $1.elapsed.seconds }
      casesPerSecond = Double(cases) / max(elapsed, 1e-9)
      residentBytesEarly = memory.isEmpty ? 0 : memory[memory.count / 10]
      residentBytes = memory.last ?? 0
      targets = tallies.map { tally in
        Target(
          name: tally.name, cases: tally.cases, taken: tally.taken,
          casesPerSecond: Double(tally.cases) / max(tally.elapsed.seconds, 1e-9),
          slowestMilliseconds: tally.slowest.time.seconds * 1000,
          slowestCase: tally.slowest.number,
          findings: tally.findings.prefix(10).map { "case \($0.number): \($0.finding)" })
      }
    }

    /// The same for people.
    var text: String {
      var lines = targets.map { target in
        "\(target.name): \(target.cases) cases, \(target.taken) taken, "
          + "\(Int(target.casesPerSecond))/s, slowest \(target.slowestMilliseconds.fixed(1)) ms "
          + "(case \(target.slowestCase))"
      }
      lines += targets.flatMap { target in target.findings.map { "\(target.name), \($0)" } }
      lines.append(
        "\(cases) cases of seed \(seed), \(Int(casesPerSecond))/s; memory \(residentBytesEarly >> 20) "
          + "MiB after a tenth, \(residentBytes >> 20) MiB at the end")
      return lines.joined(separator: "\n")
    }
  }
}
