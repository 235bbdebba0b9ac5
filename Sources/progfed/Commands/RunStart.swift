import ArgumentParser
import Foundation
import Ledger
import LocalTraining
import Server
import Topology

/// The start or resumption of a run.
struct RunStart {
  /// The run's description.
  let topology: Topology
  /// The data and the model.
  let workload: Workload
  /// The directory that keeps the run.
  let directory: RunDirectory
  /// From where it goes on; nil for a new run.
  let resumption: Resumption?
}

extension RunOptions {
  /// The request of a command line.
  enum Request {
    /// A new run.
    case begin(Topology)
    /// To go on with a run.
    case goOn(EarlierRun, Topology)
    /// To go on with a run that is finished.
    case show(EarlierRun)
  }

  /// The run in the directory that --resume names; nil where there is none.
  func earlierRun() throws -> EarlierRun? {
    guard let resume else { return nil }
    let paths = RunPaths(URL(fileURLWithPath: resume, isDirectory: true))
    guard FileManager.default.fileExists(atPath: paths.ledger.path) else { return nil }
    return try EarlierRun(in: paths)
  }

  /// Reads what the command line names: a topology for a new run, or a run to go on with.
  ///
  /// - Parameters:
  ///   - earlier: The run that --resume names.
  ///   - clock: By which the run is timed.
  ///   - costModel: The samples of each client where nothing is trained; nil where clients train.
  ///   - transport: The transport of the command line.
  /// - Returns: The run to make or to go on with.
  /// - Throws: what is wrong with the topology, or differs from the run that goes on.
  func request(
    _ earlier: EarlierRun?, clock: String, costModel: Int? = nil, transport: String? = nil
  ) throws -> Request {
    let checksFiles = costModel == nil
    if let extend = overrides.extend {
      guard let earlier, let origin = earlier.origin else {
        throw LedgerError.missing(path: resume ?? "")
      }
      var changes = changes
      changes.extended = try earlier.extended(by: extend)
      return .begin(try origin.readTopology(overrides: changes, checksFiles: checksFiles))
    }
    guard let earlier else {
      guard let topology else {
        if let resume { throw LedgerError.missing(path: resume) }
        throw ValidationError(Self.nothingToRun)
      }
      return .begin(
        try Topology(
          contentsOf: topology, overrides: changes.describing(topology), checksFiles: checksFiles))
    }
    try earlier.check(clock: clock)
    let isOver = earlier.state.isFinished
    let isAlone =
      topology == nil && from == nil && overrides.isEmpty && transport == nil
      && costModel == earlier.origin?.costModelSamples
    if isOver, isAlone { return .show(earlier) }
    let read: Topology
    if let topology {
      read = try Topology(
        contentsOf: topology, overrides: changes, checksFiles: checksFiles && !isOver)
    } else if let origin = earlier.origin {
      read = try origin.readTopology(overrides: changes, checksFiles: checksFiles && !isOver)
    } else {
      throw ResumptionError.tooOld(path: earlier.path)
    }
    try earlier.check(read, costModel: costModel, transport: transport)
    return isOver ? .show(earlier) : .goOn(earlier, read)
  }

  /// Shows what a finished run came to, and says how it can go on.
  func show(_ earlier: EarlierRun, _ printer: ProgressPrinter) throws {
    printer.say(
      "\(earlier.path): this run is finished; --extend ROUNDS goes on from its model with more rounds"
    )
    let directory = try RunDirectory.open(at: URL(fileURLWithPath: earlier.path))
    defer { directory.release() }
    try RunResult(directory, state: earlier.state).show(asJSON: json, quiet: true)
  }

  /// A new run in real time, or one that goes on.
  ///
  /// - Parameters:
  ///   - printer: Is told what people should know.
  ///   - transport: The transport of the command line.
  ///   - data: The place of the clients' own samples.
  /// - Returns: Nil if the run is finished; that was said, and its result shown.
  /// - Throws: what is wrong with the topology, its data or the directory.
  func start(
    _ printer: ProgressPrinter, transport: String? = nil, data: ClientSource = .elsewhere
  ) throws -> RunStart? {
    let earlier = try earlierRun()
    switch try request(earlier, clock: "real", transport: transport) {
    case .show(let earlier):
      try show(earlier, printer)
      return nil
    case .begin(let topology):
      if let resume, earlier == nil {
        // So that one command line, a service's, both begins a run and goes on with it.
        printer.say("\(resume): nothing to resume there; a new run begins")
      }
      let workload = try workload(topology, data: data)
      return RunStart(
        topology: topology, workload: workload, directory: try directory(for: topology),
        resumption: nil)
    case .goOn(let earlier, let topology): return try go(on: earlier, topology, data, printer)
    }
  }

  /// The message for a command line that names no run.
  static let nothingToRun = "name a topology file, or a run to go on with: --resume RUN"

  private func go(
    on earlier: EarlierRun, _ topology: Topology, _ data: ClientSource, _ printer: ProgressPrinter
  ) throws -> RunStart {
    let path = earlier.path
    let directory = try RunDirectory.open(at: URL(fileURLWithPath: path, isDirectory: true))
    let resumption = try Resumption(of: directory, topology: topology)
    for damage in resumption.damaged {
      printer.say("\(damage.problem); going on from the checkpoint before it")
    }
    if let newest = resumption.unbooked.first {
      printer.say(
        "the ledger knows nothing of round \(newest), of which there is a checkpoint; that isn't used"
      )
    }
    if let rounds = resumption.repeated {
      printer.say(
        rounds.count == 1
          ? "round \(rounds.lowerBound) has no checkpoint; it is run again"
          : "rounds \(rounds.lowerBound) to \(rounds.upperBound) have no checkpoint; "
            + "they are run again")
    }
    if !quiet {
      printer.say(
        resumption.round > topology.rounds
          ? "\(path): goes on after its last round"
          : "\(path): goes on with round \(resumption.round) of \(topology.rounds)")
    }
    return RunStart(
      topology: topology, workload: try workload(topology, data: data), directory: directory,
      resumption: resumption)
  }
}
