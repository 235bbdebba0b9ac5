import Foundation
import Ledger
import LocalTraining
import Topology

/// The folder of a sweep's runs, some of which may be there already.
struct SweepPlan: Sendable {
  let sweep: Sweep
  let folder: URL
  /// The command line's settings for all runs.
  private let additional: [String]
  /// The rounds of every run, in place of the topology's; nil for these.
  private let rounds: Int?
  /// The place of the clients' own samples; nil where none is said.
  private let data: String?

  /// The plan of `sweep` in `folder`, which is made with its first run if it isn't there.
  init(_ sweep: Sweep, folder: URL, additional: [String], rounds: Int?, data: String?) {
    self.data = data
    self.sweep = sweep
    self.folder = folder
    self.additional = additional
    self.rounds = rounds
  }

  /// The page that compares all finished runs.
  var page: URL { folder.appending(component: "sweep.html") }

  /// The run directory of `run`.
  func directory(of run: SweepRun) -> URL { folder.appending(component: run.name) }

  /// The file with the output of `run`.
  func log(of run: SweepRun) -> URL { folder.appending(component: "\(run.name).log") }

  /// The options of `simulate` that say what `run` changes in the topology, the command line's
  /// changes last, and where the clients' own samples are.
  func options(of run: SweepRun) -> [String] {
    settings(of: run).flatMap { ["--set", $0] } + (rounds.map { ["--rounds", "\($0)"] } ?? [])
      + (data.map { ["--data", $0] } ?? [])
  }

  /// Refuses a place of samples that a run deals out, and own samples without a place, before
  /// anything runs.
  ///
  /// - Throws: `ValidationError`, `LackingSamples`, `ClientPathsError`; what else is wrong with a
  ///   topology is told when it is run.
  func checkData(of runs: [SweepRun]) throws {
    for run in runs where try summary(of: run)?.state.isFinished != true {
      guard
        let topology = try? Topology(
          contentsOf: run.topology, overrides: Overrides(settings: settings(of: run)),
          checksFiles: false)
      else { continue }
      try topology.refuseOwn(data)
      guard topology.data.staysWithClients, !topology.data.source.isTrainers else { continue }
      guard let data else { throw LackingSamples(topology: topology.file) }
      _ = try ClientPaths(data, clients: Array(0..<topology.clients))
    }
  }

  private func settings(of run: SweepRun) -> [String] { run.settings + additional }

  /// The summary of `run` so far; nil if it hasn't begun.
  func summary(of run: SweepRun) throws -> RunSummary? {
    let paths = RunPaths(directory(of: run))
    guard FileManager.default.fileExists(atPath: paths.ledger.path(percentEncoded: false)) else {
      return nil
    }
    let store = try RunStore.read(at: paths.ledger)
    defer { store.close() }
    return try store.summary()
  }

  /// Refuses to mix runs of different settings under one name.
  ///
  /// - Throws: `SweepError.otherSettings`, or `otherTopology`.
  func check() throws {
    for run in sweep.runs {
      guard let noted = try? String(contentsOf: note(of: run), encoding: .utf8) else { continue }
      let was = noted.split(separator: "\n").map(String.init)
      guard was != noteLines(of: run), try summary(of: run) != nil else { continue }
      throw SweepError.otherSettings(
        run: run.name, folder: folder.relativePath, was: was, now: noteLines(of: run))
    }
    for run in sweep.runs {
      let kept = RunPaths(directory(of: run)).topology
      guard let kept = try? String(contentsOf: kept, encoding: .utf8),
        let now = try? String(contentsOfFile: run.topology, encoding: .utf8)
      else { continue }
      guard Topology.isSame(kept, now) else {
        throw SweepError.otherTopology(
          run: run.name, folder: folder.relativePath, topology: run.topology)
      }
    }
  }

  /// Notes what `run` is about to be run with.
  func begin(_ run: SweepRun) throws {
    try DurableFile.makeDirectory(folder)
    let text = noteLines(of: run).map { $0 + "\n" }.joined()
    try DurableFile.write(Data(text.utf8), to: note(of: run))
  }

  private func note(of run: SweepRun) -> URL {
    folder.appending(component: "\(run.name).settings")
  }

  private func noteLines(of run: SweepRun) -> [String] {
    [run.topology] + settings(of: run) + (rounds.map { ["rounds=\($0)"] } ?? [])
      + (data.map { ["--data \($0)"] } ?? [])
  }
}
