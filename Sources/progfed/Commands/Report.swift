import ArgumentParser
import Foundation
import Ledger
import Measures
import Reports

/// Shows what a run moved, took and reached.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a run: bytes both ways, computation, time and accuracy, per stage and round.")

  /// The forms of a report.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json, csv, clients, html, tensorboard
  }

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var directory: String

  @Option(
    help: """
      text; json; csv, a row per round; clients, a csv row per client and stage; html, one page that \
      needs nothing else; tensorboard, an event file (with --out).
      """)
  var format: Format = .text

  @Option(help: ArgumentHelp("The file to write; by default standard output.", valueName: "file"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Accuracies whose cost is shown, such as 0.8,0.85; by default round ones.",
      valueName: "list"))
  var accuracy: AccuracyList?

  func validate() throws {
    if format == .tensorboard, out == nil {
      throw ValidationError(
        "--format tensorboard: event files are binary; name one with --out "
          + "(TensorBoard reads those called events.out.tfevents.SOMETHING)")
    }
  }

  func run() throws {
    try Exit.reporting {
      let paths = RunPaths(URL(fileURLWithPath: directory, isDirectory: true))
      let store = try RunStore.read(at: paths.ledger)
      defer { store.close() }
      try Output(out).write(try content(of: store, at: paths))
    }
  }

  private func content(of store: RunStore, at paths: RunPaths) throws -> Data {
    var summary = try store.summary()
    if let accuracy { summary.targets = accuracy.values }
    let text: String
    switch format {
    case .text:
      let terminal = Terminal.output
      let isOnTerminal = out == nil
      text = TextReport(
        summary, width: isOnTerminal ? terminal.width : 120,
        colours: isOnTerminal && terminal.colours
      ).text()
    case .json: text = try summary.json() + "\n"
    case .csv: text = CSVReport.text(summary)
    case .clients: text = CSVReport.text(try store.clientsByStage())
    case .html:
      text = HTMLReport(
        summary, clients: try store.clients(), labels: try store.labels()
      ).text()
    case .tensorboard:
      return Data(EventFile.bytes(summary, start: try RunFiles.start(of: store, at: paths)))
    }
    return Data(text.utf8)
  }
}

/// Accuracies as written on the command line: "0.8,0.85" or "80%".
struct AccuracyList: ExpressibleByArgument, CustomStringConvertible {
  /// The accuracies in rising order, each in [0, 1].
  let values: [Double]
  /// The text as written.
  let description: String

  init?(argument: String) {
    var values: Set<Double> = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let isPercentage = part.hasSuffix("%")
      let number = isPercentage ? part.dropLast() : part
      guard let share = Share(number, isPercent: isPercentage), (0...1).contains(share) else {
        return nil
      }
      values.insert(share.value)
    }
    self.values = values.sorted()
    description = argument
  }
}
