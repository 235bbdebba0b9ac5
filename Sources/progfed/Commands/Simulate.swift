import ArgumentParser
import Foundation
import Ledger
import Progressive
import Reports
import Runtime
import Server
import Simulation
import Topology

/// Runs broker, workers and clients of a topology in one process.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a topology in one process: broker, clients and what lies between them.",
    discussion: """
      In virtual time, which is the default, links and devices are models, training is real, and the \
      result is the same to the bit for any number of threads. In real time, real sockets \
      carry the messages as fast as this machine can; with tcp each client's access \
      link is played by a relay in front of its connections. What a clock doesn't play is refused: in real time what \
      links share, devices but for their memory, availability and faults; in virtual time relays. A run that was stopped (ctrl-C, SIGTERM) or killed goes on with --resume and ends \
      in the same model as if nothing had happened: in real time after its last round, in virtual time where it was \
      stopped, or kept last (every two minutes) before it was killed. What trains nothing is played again from its beginning.
      """)

  /// The clock of the rounds.
  enum Clock: String, CaseIterable, ExpressibleByArgument {
    case virtual, real
  }

  @OptionGroup var options: RunOptions

  @Option(
    help:
      "virtual: simulated time; real: real sockets. By default virtual, unless --transport is given."
  )
  var clock: Clock?

  @Option(help: "What carries the messages in real time: inproc (the default), ipc or tcp.")
  var transport: LocalRun.Transport?

  @Flag(help: "Encrypt the messages with CURVE, under keys made for this run; with ipc or tcp.")
  var curve = false

  @Flag(help: "Train nothing: clients only take the time and send the bytes. For large fleets.")
  var costModel = false

  @Option(help: "The samples that each client has under --cost-model; by default 100.")
  var samplesPerClient: Int?

  func validate() throws {
    if transport != nil, clock == .virtual {
      throw ValidationError("--transport: nothing is carried in virtual time; add --clock real")
    }
    guard !curve || (transport ?? .inproc) != .inproc else {
      throw ValidationError(
        "--curve: messages within a process aren't encrypted; add --transport tcp")
    }
    if costModel, clock == .real || transport != nil {
      throw ValidationError("--cost-model: there is none in real time; add --clock virtual")
    }
    if let samplesPerClient, !(1...1_000_000_000).contains(samplesPerClient) {
      throw ValidationError("--samples-per-client \(samplesPerClient): give a number above 0")
    }
    guard samplesPerClient == nil || costModel || options.resume != nil else {
      throw ValidationError("--samples-per-client: clients have their data; add --cost-model")
    }
  }

  @Option(
    help: ArgumentHelp(
      """
      Where the clients' own samples are, for a topology of data: {from: clients}: a path with {client} in it for a \
      client's number, as in 'sites/{client}'; also with --resume.
      """, valueName: "path"))
  var data: String?

  @OptionGroup var cache: CacheOptions

  /// True if the options, or else the run that goes on, ask for real time; a new run is virtual by
  /// default.
  private func usesRealClock(_ earlier: EarlierRun?) -> Bool {
    if let clock { return clock == .real }
    if transport != nil { return true }
    return !costModel && earlier?.header.clock == "real"
  }

  @OptionGroup var live: ServeOptions

  func run() throws {
    try Exit.reporting {
      let earlier = try options.earlierRun()
      guard usesRealClock(earlier) else { return try runVirtual(earlier) }
      let printer = ProgressPrinter(isQuiet: options.quiet)
      // What wasn't said isn't held against a finished run.
      let carrier = transport ?? .inproc
      let said = transport == nil ? nil : carrier.rawValue + (curve ? "+curve" : "")
      guard
        let start = try options.start(
          printer, transport: said, data: .here(path: data, cache: cache.cache))
      else {
        return
      }
      defer { start.directory.release() }
      let simulation = try LocalRun(
        start.workload, transport: carrier, isEncrypted: curve,
        threads: options.threads, directory: start.directory, observer: printer,
        resumption: start.resumption, logLevel: options.logLevel)
      let interruption = Interruption { simulation.stop() }
      let state = try withExtendedLifetime(interruption) {
        try live.serving(
          start.directory, say: printer.say, presence: { simulation.presence }
        ) { try simulation.run() }
      }
      try RunResult(start.directory, state: state).show(asJSON: options.json, quiet: options.quiet)
    }
  }

  private func runVirtual(_ earlier: EarlierRun?) throws {
    let printer = ProgressPrinter(isQuiet: options.quiet)
    // A run that goes on knows by itself whether its clients train.
    let samples =
      costModel
      ? samplesPerClient ?? earlier?.origin?.costModelSamples ?? 100
      : earlier?.origin?.costModelSamples.map { samplesPerClient ?? $0 }
    switch try options.request(earlier, clock: "virtual", costModel: samples) {
    case .show(let earlier): try options.show(earlier, printer)
    case .begin(let topology):
      let work = try work(topology, samples, printer)
      let directory = try options.directory(for: topology)
      defer { directory.release() }
      try play(Simulation(work, directory: directory, observer: printer), directory, printer)
    case .goOn(let earlier, let topology):
      let work = try work(topology, samples, printer)
      if samples == nil {
        do {
          if try go(on: earlier, with: work, topology, printer) { return }
        } catch let error as ReplayError {
          printer.say("\(earlier.path): \(error)")
        }
      }
      if !options.quiet { printer.say("\(earlier.path): it is played from its beginning") }
      // From its beginning a run comes to the same.
      let directory = try RunDirectory.replacing(at: URL(fileURLWithPath: earlier.path))
      defer { directory.release() }
      try play(Simulation(work, directory: directory, observer: printer), directory, printer)
    }
  }

  private func work(
    _ topology: Topology, _ samples: Int?, _ printer: ProgressPrinter
  ) throws -> Simulation.Work {
    if let samples {
      if topology.growthSchedule.trigger != .planned {
        printer.say(
          "--cost-model: nothing is seen of what ends stages by stages.when; each lasts for all of its rounds"
        )
      }
      if !options.quiet {
        printer.say(
          "--cost-model: nothing is trained, so that no round has an accuracy"
            + (topology.evaluationRules == nil
              ? "" : "; clients' evaluations take their bytes and time alone"))
      }
      return .costModel(topology, samplesPerClient: samples)
    }
    return .training(
      try options.workload(topology, data: .here(path: data, cache: cache.cache)),
      threads: options.threads)
  }

  /// Goes on with a run where it was stopped, or kept last before it was killed; false if that
  /// isn't known.
  private func go(
    on earlier: EarlierRun, with work: Simulation.Work, _ topology: Topology,
    _ printer: ProgressPrinter
  ) throws -> Bool {
    let directory = try RunDirectory.open(at: URL(fileURLWithPath: earlier.path))
    defer { directory.release() }
    guard let resumption = try VirtualResumption(of: directory, topology: topology) else {
      return false
    }
    if !options.quiet {
      printer.say(
        "\(earlier.path): goes on after round \(resumption.round) of \(topology.rounds)")
    }
    let simulation = Simulation(
      work, directory: directory, observer: printer, resumption: resumption)
    try play(simulation, directory, printer)
    return true
  }

  private func play(
    _ simulation: Simulation, _ directory: RunDirectory, _ printer: ProgressPrinter
  ) throws {
    let interruption = Interruption { simulation.stop() }
    let state = try withExtendedLifetime(interruption) {
      try live.serving(directory, say: printer.say) { try simulation.run() }
    }
    try RunResult(directory, state: state).show(asJSON: options.json, quiet: options.quiet)
  }
}

extension LocalRun.Transport: ExpressibleByArgument {}
