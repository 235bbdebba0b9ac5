import Foundation
import Ledger
import Reports

/// The result of a run on the screen.
struct RunResult {
  private let directory: RunDirectory
  private let state: RunState

  /// The result of a run that ended in `state`.
  init(_ directory: RunDirectory, state: RunState) {
    self.directory = directory
    self.state = state
  }

  /// Prints the table or the JSON object, and ends with a status that says how the run ended unless
  /// it is done.
  func show(asJSON: Bool, quiet: Bool) throws {
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let summary = try store.summary()
    try RunFiles(directory.paths).write(summary, from: store)
    if asJSON {
      print(try summary.json(pretty: false))
    } else {
      let terminal = Terminal.output
      print(
        TextReport(summary, width: terminal.width, colours: terminal.colours).text(),
        terminator: "")
      if !quiet {
        let path = directory.paths.ledger.deletingLastPathComponent().relativePath
        print("run directory: \(path) (look at report.html there)")
      }
    }
    let after = "after round \(summary.rounds.last?.round ?? 0) of \(summary.plannedRounds)"
    switch state {
    case .running, .done: return
    case .interrupted:
      say("stopped \(after); \(remedy(clock: summary.clock))")
      throw Exit.interrupted
    case .aborted:
      say(
        "ended \(after): \(summary.problem ?? "too few clients"); bring clients back or lower "
          + "participation.minimum, and \(remedy(clock: summary.clock))")
      throw Exit.unavailable
    case .fruitless:
      say("\(summary.problem ?? "no update counted"); \(advice(summary))")
      throw Exit.fruitless
    }
  }

  private func say(_ text: String) {
    Terminal.note("progfed: \(text)")
  }

  /// The advice for a run in which no update counted.
  private func advice(_ summary: RunSummary) -> String {
    let refused = summary.rounds.reduce(0) { $0 + $1.refused }
    let missing = summary.rounds.reduce(0) { $0 + $1.late + $1.lost }
    return refused > missing
      ? "the counters in \(directory.paths.ledger.relativePath) and the messages above say why they were refused"
      : "raise participation.deadline, or see to the clients' links and devices"
  }

  private func remedy(clock: String) -> String {
    let path = directory.paths.directory.relativePath
    guard clock == "virtual" else { return "go on with --resume \(path)" }
    return "go on with simulate --resume \(path)"
  }
}
