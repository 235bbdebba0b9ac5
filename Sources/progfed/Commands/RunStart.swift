import ArgumentParser
import Fleet
import Foundation
import Ledger
import Topology

/// What a run begins with, or goes on with.
struct RunStart {
  /// The run's description.
  let topology: Topology
  /// What there is to learn.
  let workload: Workload
  /// Where the run is kept.
  let directory: RunDirectory
  /// From where it goes on; nil for a new run.
  let resumption: Resumption?
}

extension RunOptions {
  /// Reads what the command line names: a topology for a new run, or a run to go on with.
  ///
  /// - Parameters:
  ///   - printer: Says what is done.
  ///   - clock: What has to play all of the topology; nil where real workers do what they do.
  /// - Returns: Nil if the run is finished; that was said, and its result shown.
  /// - Throws: what is wrong with the topology, its data or the directory.
  func start(_ printer: ProgressPrinter, on clock: Clock? = nil) throws -> RunStart? {
    if let resume {
      let url = URL(fileURLWithPath: resume, isDirectory: true)
      let isThere = FileManager.default.fileExists(atPath: RunPaths(url).ledger.path)
      if isThere || topology == nil {
        return try go(on: RunDirectory.open(at: url), printer, clock)
      }
      // So that one command line, a service's, both begins a run and goes on with it.
      printer.say("\(resume): nothing to resume there; a new run begins")
    }
    guard let topology else { throw ValidationError(Self.nothingToRun) }
    let read = try Topology(contentsOf: topology, overrides: changes)
    if let clock { try read.requirePlayable(on: clock) }
    let workload = try workload(read)
    return RunStart(
      topology: read, workload: workload, directory: try directory(for: read), resumption: nil)
  }

  /// Why there is nothing to do.
  static let nothingToRun = "name a topology file, or a run to go on with: --resume RUN"

  private func go(
    on directory: RunDirectory, _ printer: ProgressPrinter, _ clock: Clock?
  ) throws -> RunStart? {
    let path = directory.paths.directory.relativePath
    let ledger = try RunStore.read(at: directory.paths.ledger)
    let (origin, state) = (try ledger.origin(), try ledger.summary().state)
    ledger.close()
    guard !state.isFinished else {
      printer.say("\(path): this run is finished; there is nothing to go on with")
      try RunResult(directory, state: state).show(asJSON: json, quiet: true)
      return nil
    }
    let read: Topology
    if let topology {
      read = try Topology(contentsOf: topology, overrides: changes)
    } else if let origin {
      read = try origin.readTopology(overrides: changes)
    } else {
      throw ResumptionError.tooOld(path: path)
    }
    if let clock { try read.requirePlayable(on: clock) }
    let resumption = try Resumption(of: directory, topology: read)
    for damage in resumption.damaged {
      printer.say("\(damage.problem); going on from the checkpoint before it")
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
        resumption.round > read.rounds
          ? "\(path): goes on after its last round"
          : "\(path): goes on with round \(resumption.round) of \(read.rounds)")
    }
    return RunStart(
      topology: read, workload: try workload(read), directory: directory, resumption: resumption)
  }
}
