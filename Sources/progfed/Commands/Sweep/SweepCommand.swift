import ArgumentParser
import Foundation
import Ledger
import Reports
import Topology

/// Runs all of a sweep file's variants and seeds, and compares them.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run many variants of a topology and compare them; goes on where it stopped.",
    discussion: """
      The file names a topology, seeds, and what each run sets in it; topologies/sweep-quickstart.yaml is an \
      example. Each run is a simulation in a process and a run directory of its own. Called again, finished \
      runs are not repeated; one that was interrupted goes on, and comes to the same.
      """)

  @Argument(help: "The sweep file.")
  var sweep: String

  @Option(help: "Where the runs are kept; by default runs/ and the sweep's name.")
  var out: String?

  @Option(help: "How many runs go on at the same time.")
  var jobs = 1

  @Option(help: "How many clients of a run train at the same time; by default cores / jobs.")
  var threads: Int?

  @Option(help: "The rounds of every run; rounds given for each stage are scaled in proportion.")
  var rounds: Int?

  @Option(help: "How many of the file's seeds are played, from the first on.")
  var seeds: Int?

  @Option(help: "Only the runs of this variant; may be repeated.")
  var only: [String] = []

  @Option(name: .customLong("set"), help: "Any value of the topology, for all runs.")
  var settings: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Where the clients' own samples are, for a topology of data: {from: clients}: a path with {client} in it for a \
      client's number, as in 'sites/{client}'.
      """, valueName: "path"))
  var data: String?

  @OptionGroup var cache: CacheOptions

  @Option(help: "How the result is printed: text, markdown or json.")
  var format: Format = .text

  @Flag(help: "Don't show progress.")
  var quiet = false

  /// The form of the printed result.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, markdown, json
  }

  func validate() throws {
    guard (1...256).contains(jobs) else {
      throw ValidationError("--jobs \(jobs): give a number from 1 to 256")
    }
    if let seeds, seeds < 1 {
      throw ValidationError("--seeds \(seeds): give a number from 1 on")
    }
  }

  func run() throws {
    try Exit.reporting {
      let sweep = try Sweep(contentsOf: sweep)
      let unknown = only.filter { name in !sweep.runs.contains { $0.variant == name } }
      guard unknown.isEmpty else {
        throw SweepError.unknownVariants(unknown, known: sweep.runs.map(\.variant))
      }
      let folder = URL(fileURLWithPath: out ?? "runs/\(sweep.name)")
      let plan = SweepPlan(
        sweep, folder: folder, additional: settings, rounds: rounds, data: data)
      try plan.check()
      try plan.checkData(of: chosen(of: sweep))
      let cores = ProcessInfo.processInfo.activeProcessorCount
      let runs = chosen(of: sweep)
      let queue = SweepQueue(
        plan: plan, runs: runs, threads: threads ?? max(1, cores / jobs),
        cache: data == nil ? nil : cache.part(of: min(jobs, runs.count)), isQuiet: quiet)
      let interruption = Interruption { queue.stop() }
      let failures = withExtendedLifetime(interruption) { queue.run(jobs: jobs) }
      try show(sweep, plan)
      if queue.isStopped { throw Exit.interrupted }
      if let first = failures.first {
        throw SweepError.failed(
          failures.map(\.run), folder: folder.relativePath, status: first.status)
      }
      let fruitless = queue.fruitless
      guard fruitless.isEmpty else {
        throw SweepError.fruitless(fruitless, folder: folder.relativePath)
      }
    }
  }

  /// The runs that the command line asks for.
  private func chosen(of sweep: Sweep) -> [SweepRun] {
    var known: [UInt64] = []
    for run in sweep.runs where !known.contains(run.seed) { known.append(run.seed) }
    let played = Set(known.prefix(seeds ?? known.count))
    return sweep.runs.filter { run in
      (only.isEmpty || only.contains(run.variant)) && played.contains(run.seed)
    }
  }

  private func show(_ sweep: Sweep, _ plan: SweepPlan) throws {
    var done: [(variant: String, summary: RunSummary)] = []
    var fruitless: [String] = []
    for run in sweep.runs {
      guard var summary = try plan.summary(of: run), summary.state.isFinished else { continue }
      guard summary.state == .done else {
        fruitless.append(run.name)
        continue
      }
      summary.name = run.name
      done.append((run.variant, summary))
    }
    guard !done.isEmpty else { return }
    let report = SweepReport(
      sweep.name, runs: done, fruitless: fruitless, targets: sweep.targets)
    let comparison = Comparison(
      done.map(\.summary), targets: sweep.targets.isEmpty ? nil : sweep.targets)
    try DurableFile.write(Data(comparison.html().utf8), to: plan.page)
    switch format {
    case .text:
      let terminal = Terminal.output
      print(report.text(width: terminal.width, colours: terminal.colours), terminator: "")
      if !quiet { print("comparison: \(plan.page.relativePath)") }
    case .markdown: print(report.markdown(), terminator: "")
    case .json: print(try report.json())
    }
  }
}
