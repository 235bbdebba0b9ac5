import ArgumentParser
import Foundation
import Ledger
import Reports

/// Shows several runs side by side.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare runs: accuracy against bytes, computation and time, and the Pareto front.")

  /// The forms of a comparison.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json, html
  }

  @Argument(help: ArgumentHelp("The run directories, two or more.", valueName: "run"))
  var directories: [String]

  @Option(help: "text, json or html.")
  var format: Format = .text

  @Option(help: ArgumentHelp("The file to write; by default standard output.", valueName: "file"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Accuracies whose cost is compared, such as 0.8,0.85; by default what all runs reached.",
      valueName: "list"))
  var accuracy: AccuracyList?

  func validate() throws {
    guard directories.count >= 2 else {
      throw ValidationError("one run alone can't be compared; name two or more run directories")
    }
  }

  func run() throws {
    try Exit.reporting {
      let comparison = Comparison(
        try directories.map(summary(at:)), directories: directories,
        targets: accuracy?.values)
      let text: String
      switch format {
      case .text:
        let terminal = Terminal.output
        let isOnTerminal = out == nil
        text = comparison.text(
          width: isOnTerminal ? terminal.width : 120, colours: isOnTerminal && terminal.colours)
      case .json: text = try comparison.json() + "\n"
      case .html: text = comparison.html()
      }
      try Output(out).write(Data(text.utf8))
    }
  }

  private func summary(at directory: String) throws -> RunSummary {
    let paths = RunPaths(URL(fileURLWithPath: directory, isDirectory: true))
    let store = try RunStore.read(at: paths.ledger)
    defer { store.close() }
    return try store.summary()
  }
}
