import ArgumentParser
import Fleet
import Foundation
import Ledger
import Progressive
import Reports
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

  /// What rounds are timed by.
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
  var transport: Simulation.Transport?

  @Flag(help: "Encrypt the messages with CURVE, under keys made for this run; with ipc or tcp.")
  var curve = false

  @Flag(help: "Train nothing: clients only take the time and send the bytes. For large fleets.")
  var costModel = false

  @Option(help: "The samples that each client has under --cost-model.")
  var samplesPerClient = 100

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
    guard (1...1_000_000_000).contains(samplesPerClient) else {
      throw ValidationError("--samples-per-client \(samplesPerClient): give a number above 0")
    }
  }

  /// What the options say; what they leave open, a run that goes on knows, and a new one is virtual.
  private func usesRealClock() throws -> Bool {
    if let clock { return clock == .real }
    if transport != nil { return true }
    guard let resume = options.resume else { return false }
    let paths = RunPaths(URL(fileURLWithPath: resume, isDirectory: true))
    guard FileManager.default.fileExists(atPath: paths.ledger.path) else { return false }
    let ledger = try RunStore.read(at: paths.ledger)
    defer { ledger.close() }
    return try ledger.header().clock == "real"
  }

  @OptionGroup var live: ServeOptions

  func run() throws {
    try Exit.reporting {
      guard try usesRealClock() else { return try runVirtual() }
      let printer = ProgressPrinter(isQuiet: options.quiet)
      let transport = transport ?? .inproc
      guard let start = try options.start(printer, on: transport.clock) else { return }
      defer { start.directory.release() }
      let simulation = try Simulation(
        start.workload, transport: transport, isEncrypted: curve,
        threads: options.threads, directory: start.directory, observer: printer,
        resumption: start.resumption, logLevel: options.logLevel)
      let interruption = Interruption { simulation.stop() }
      let state = try withExtendedLifetime(interruption) {
        try live.serving(start.directory, say: printer.say) { try simulation.run() }
      }
      try RunResult(start.directory, state: state).show(asJSON: options.json, quiet: options.quiet)
    }
  }

  private func runVirtual() throws {
    var origin: RunOrigin?
    if let resume = options.resume, let earlier = try earlier(resume) {
      if earlier.isOver { return }
      origin = earlier.origin
      guard options.topology != nil || origin != nil else {
        throw VirtualSimulationError.cannotGoOn(resume)
      }
    }
    let topology: Topology
    if let file = options.topology {
      topology = try Topology(
        contentsOf: file, overrides: options.changes, checksFiles: !costModel)
    } else if let origin {
      topology = try origin.readTopology(overrides: options.changes, checksFiles: !costModel)
    } else if let resume = options.resume {
      throw LedgerError.missing(path: resume)
    } else {
      throw ValidationError(RunOptions.nothingToRun)
    }
    try topology.requirePlayable(on: .virtual)
    let work: VirtualSimulation.Work =
      costModel
      ? .costModel(topology, samplesPerClient: samplesPerClient)
      : .training(try options.workload(topology), threads: options.threads)
    let printer = ProgressPrinter(isQuiet: options.quiet)
    if costModel, topology.growthSchedule.trigger != .planned, !options.quiet {
      printer.say(
        "--cost-model: nothing is seen of what ends stages by stages.when; each lasts for all of its rounds"
      )
    }
    if let resume = options.resume, !costModel {
      do {
        if try go(on: resume, with: work, topology, printer) { return }
      } catch let error as ReplayError {
        printer.say("\(resume): \(error)")
      }
    }
    if let resume = options.resume, try makeRoom(in: resume), !options.quiet {
      printer.say("\(resume): it is played from its beginning")
    }
    let directory = try options.directory(for: topology)
    defer { directory.release() }
    try play(VirtualSimulation(work, directory: directory, observer: printer), directory, printer)
  }

  /// Goes on with a run where it was stopped, or kept last before it was killed; false if that isn't known.
  private func go(
    on resume: String, with work: VirtualSimulation.Work, _ topology: Topology,
    _ printer: ProgressPrinter
  ) throws -> Bool {
    let url = URL(fileURLWithPath: resume, isDirectory: true)
    guard FileManager.default.fileExists(atPath: RunPaths(url).ledger.path) else { return false }
    let directory = try RunDirectory.open(at: url)
    defer { directory.release() }
    guard let resumption = try VirtualResumption(of: directory, topology: topology) else {
      return false
    }
    if !options.quiet {
      printer.say("\(resume): goes on after round \(resumption.round) of \(topology.rounds)")
    }
    let simulation = VirtualSimulation(
      work, directory: directory, observer: printer, resumption: resumption)
    try play(simulation, directory, printer)
    return true
  }

  private func play(
    _ simulation: VirtualSimulation, _ directory: RunDirectory, _ printer: ProgressPrinter
  ) throws {
    let interruption = Interruption { simulation.stop() }
    let state = try withExtendedLifetime(interruption) {
      try live.serving(directory, say: printer.say) { try simulation.run() }
    }
    try RunResult(directory, state: state).show(asJSON: options.json, quiet: options.quiet)
  }

  /// What the run in a directory began with, and whether it is finished, which is then shown; nil for none.
  private func earlier(_ resume: String) throws -> (origin: RunOrigin?, isOver: Bool)? {
    let url = URL(fileURLWithPath: resume, isDirectory: true)
    let paths = RunPaths(url)
    guard FileManager.default.fileExists(atPath: paths.ledger.path) else { return nil }
    let ledger = try RunStore.read(at: paths.ledger)
    let (origin, state) = (try ledger.origin(), try ledger.summary().state)
    ledger.close()
    guard state.isFinished else { return (origin, false) }
    let directory = try RunDirectory.open(at: url)
    defer { directory.release() }
    try RunResult(directory, state: state).show(asJSON: options.json, quiet: true)
    return (origin, true)
  }

  /// Removes what a run left that is to be run anew; false if there is none.
  ///
  /// From its beginning a run comes to the same.
  private func makeRoom(in resume: String) throws -> Bool {
    let url = URL(fileURLWithPath: resume, isDirectory: true)
    let paths = RunPaths(url)
    guard FileManager.default.fileExists(atPath: paths.ledger.path) else { return false }
    let directory = try RunDirectory.open(at: url)
    defer { directory.release() }
    let ledgerName = paths.ledger.lastPathComponent
    let own = [
      ledgerName, "\(ledgerName)-wal", "\(ledgerName)-shm", paths.checkpoints.lastPathComponent,
      paths.spool.lastPathComponent, paths.resumePoints.lastPathComponent,
      paths.model.lastPathComponent, paths.bestModel.lastPathComponent,
      paths.topology.lastPathComponent, paths.log.lastPathComponent,
      paths.report.lastPathComponent,
    ]
    // What reports for TensorBoard are called depends on when they were written.
    for name in try DurableFile.names(in: url)
    where own.contains(name) || name.hasPrefix("events.out.tfevents.") {
      let part = url.appending(path: name)
      do { try FileManager.default.removeItem(at: part) } catch {
        throw DurableFile.translated(error, "remove", part)
      }
    }
    return true
  }
}

extension Simulation.Transport: ExpressibleByArgument {}
