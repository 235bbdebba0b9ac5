import Foundation
import Ledger
import Reports

/// What a run leaves on the screen.
struct RunResult {
  private let directory: RunDirectory
  private let state: RunState

  /// The result of a run that ended in `state`.
  init(_ directory: RunDirectory, state: RunState) {
    self.directory = directory
    self.state = state
  }

  /// Prints the table or the JSON object, and ends with status 130 after an interruption.
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
    guard state == .interrupted else { return }
    let last = summary.rounds.last?.round ?? 0
    let stopped = "progfed: stopped after round \(last) of \(summary.plannedRounds)"
    FileHandle.standardError.write(Data("\(stopped); \(remedy(clock: summary.clock))\n".utf8))
    throw Exit.interrupted
  }

  private func remedy(clock: String) -> String {
    let path = directory.paths.directory.relativePath
    guard clock == "virtual" else { return "go on with --resume \(path)" }
    return "go on with simulate --resume \(path), and --cost-model if it was there"
  }
}
