import ArgumentParser
import Foundation
import Ledger
import LocalTraining
import Models
import Topology

extension Overrides {
  /// These, with the model of the trainer program where the topology at `path` names no other.
  ///
  /// - Throws: `TopologyError`, `TrainerStartError`.
  func describing(_ path: String) throws -> Overrides {
    guard let asked = try TrainerSettings(contentsOf: path, overrides: self), !asked.namesModel
    else { return self }
    var described = self
    let manifest = try TrainerDescription(asked, values: nil).manifest
    described.settings.append("model.manifest=\(manifest.setting)")
    return described
  }
}

/// Says what a topology's model is made of, as a manifest.
struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Print the manifest of a topology's model: the tensors of its blocks and heads.",
    discussion: """
      Where the topology names a trainer program, the program is started and asked. With --out the manifest goes to a \
      file, and the program's first values, if it gives some, to a safetensors file beside it; a broker then needs \
      neither the program nor what it is written in.
      """)

  @Argument(help: "The topology file; its model need not be there yet where it names a program.")
  var topology: String

  @Option(help: "The manifest's file; by default standard output, without first values.")
  var out: String?

  @OptionGroup var overrides: OverrideOptions

  func run() throws {
    try Exit.reporting {
      guard
        let asked = try TrainerSettings(contentsOf: topology, overrides: overrides.values)
      else {
        let read = try Topology(
          contentsOf: topology, overrides: overrides.values, checksFiles: false)
        let manifest = read.architecture.manifest ?? ModelManifest(read.architecture)
        return try Output(out).write(Data(manifest.text().utf8))
      }
      guard let out else {
        let described = try TrainerDescription(asked, values: nil)
        return print(described.manifest.text(), terminator: "")
      }
      let file = URL(fileURLWithPath: out)
      let values = file.deletingPathExtension().appendingPathExtension("safetensors")
      let described = try TrainerDescription(asked, values: values)
      let name = described.hasValues ? values.lastPathComponent : nil
      try DurableFile.write(Data(described.manifest.text(values: name).utf8), to: file)
      Terminal.note(
        described.hasValues
          ? "\(out): the manifest; its first values are in \(values.lastPathComponent)"
          : "\(out): the manifest; first values are drawn by its rules")
    }
  }
}
