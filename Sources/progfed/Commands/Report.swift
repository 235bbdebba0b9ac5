import ArgumentParser
import Foundation
import Ledger
import Reports

/// Shows what a run moved, took and reached.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a run: bytes both ways, time and accuracy, per stage and round.")

  /// The forms of a report.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json, csv
  }

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var directory: String

  @Option(help: "text, json or csv.")
  var format: Format = .text

  func run() throws {
    try Exit.reporting {
      let store = try RunStore.read(
        at: RunPaths(URL(fileURLWithPath: directory, isDirectory: true)).ledger)
      defer { store.close() }
      let summary = try store.summary()
      switch format {
      case .text:
        let terminal = Terminal.output
        print(
          TextReport(summary, width: terminal.width, colours: terminal.colours).text(),
          terminator: "")
      case .json: print(try summary.json())
      case .csv: print(CSVReport.text(summary), terminator: "")
      }
    }
  }
}
