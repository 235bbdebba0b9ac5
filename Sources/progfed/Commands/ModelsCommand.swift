import ArgumentParser
import Foundation
import Measures
import Models
import Neural
import Tensors

/// Lists the zoo.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the models: parameters, computation and memory of each stage.")

  @Option(help: "The batch whose activation memory is shown.")
  var batch: Int = 20

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(batch) else {
      throw ValidationError("--batch \(batch): give a number from 1 to 100000")
    }
  }

  func run() throws {
    try Exit.reporting {
      let rows = try Zoo.entries.flatMap { entry in
        let architecture = try Zoo.architecture(named: entry.name)
        return (1...architecture.stages).map { Row(architecture, stage: $0, batch: batch) }
      }
      guard !json else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return print(String(decoding: try encoder.encode(rows), as: UTF8.self))
      }
      print(Row.heading(batch: batch))
      for row in rows { print(row.line) }
    }
  }

  /// One stage of one model.
  private struct Row: Encodable {
    var model: String
    var input: [Int]
    var classes: Int
    var stage: Int
    var parameters: Int
    var forwardFLOPsPerSample: Int
    var trainingFLOPsPerSample: Int
    var activationBytes: Int

    init(_ architecture: Architecture, stage: Int, batch: Int) {
      model = architecture.name
      let network = architecture.network(stage: stage)
      input = network.input.dimensions
      classes = network.classes
      self.stage = stage
      parameters = architecture.parameterCount(stage: stage)
      forwardFLOPsPerSample = architecture.forwardFLOPs(stage: stage)
      trainingFLOPsPerSample = architecture.trainingFLOPs(stage: stage)
      activationBytes = network.activationBytes(batch: batch)
    }

    static func heading(batch: Int) -> String {
      columns(
        "model", "input", "stage", "parameters", "forward", "training", "batch of \(batch)")
    }

    var line: String {
      Self.columns(
        stage == 1 ? model : "", stage == 1 ? input.map(String.init).joined(separator: "×") : "",
        "\(stage)", "\(parameters)", "\(flops(forwardFLOPsPerSample))",
        "\(flops(trainingFLOPsPerSample))", "\(ByteCount(activationBytes))")
    }

    private func flops(_ count: Int) -> String { "\((Double(count) / 1e6).fixed(2)) MFLOP" }

    private static func columns(_ cells: String...) -> String {
      let widths = [-14, -9, 5, 11, 15, 15, 12]
      return zip(cells, widths).map { cell, width in
        let padding = String(repeating: " ", count: max(0, abs(width) - cell.count))
        return width < 0 ? cell + padding : padding + cell
      }.joined(separator: " ")
    }
  }
}
