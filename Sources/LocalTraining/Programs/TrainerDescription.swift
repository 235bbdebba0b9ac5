package import Foundation
import Ledger
import Measures
package import Models
import Tensors
package import Topology

/// The model that a trainer program says of itself.
package struct TrainerDescription: Sendable {
  /// The model.
  package let manifest: ModelManifest
  /// True if its first values were written to a file.
  package let hasValues: Bool

  /// Starts the program of a topology, asks it, and has it end.
  ///
  /// - Parameters:
  ///   - settings: The program.
  ///   - values: Where the program's first values are written, if it gives some; nil for nowhere.
  /// - Throws: ``TrainerStartError``, `LedgerError` where the values can't be written.
  package init(_ settings: TrainerSettings, values: URL?) throws {
    let name = settings.program.command.joined(separator: " ")
    let session: TrainerSession
    do throws(TrainerFault) {
      session = try TrainerSession(
        TrainerLaunch.launch(settings.program, beside: settings.file, number: 0),
        limits: settings.program, bytes: 0)
    } catch { throw TrainerStartError.failed(program: name, problem: error.detail, words: []) }
    var first: [ParameterVector]?
    do throws(TrainerFault) {
      let answer = try TrainerLaunch.describe(session, options: settings.options)
      manifest = try TrainerLaunch.manifest(answer)
      if values != nil { first = try Self.firstValues(of: manifest, settings, by: session) }
    } catch {
      let words = session.lastWords
      session.kill()
      throw TrainerStartError.failed(program: name, problem: error.detail, words: words)
    }
    session.end()
    hasValues = first != nil
    guard let values, let first else { return }
    try DurableFile.write(TrainerFiles.encoded(first), to: values)
  }

  /// The values that a program gives all blocks and heads; nil where it leaves that to the rules.
  private static func firstValues(
    of manifest: ModelManifest, _ settings: TrainerSettings, by session: TrainerSession
  ) throws(TrainerFault) -> [ParameterVector]? {
    let files = TrainerFiles(session.folder)
    let architecture = Architecture(manifest)
    let layouts = architecture.allLayouts
    let seed = RandomStream(seed: settings.seed).stream("trainer.initialize")
    do throws(TrainerFault) {
      _ = try session.ask(
        "initialize",
        [
          "segments": .list(layouts.map { .text($0.name) }), "stage": .whole(architecture.stages),
          "seed": .whole(Int(seed.key >> 11)), "model": .null, "output": .text(files.output),
          "options": .section(settings.options),
        ])
    } catch {
      guard case .answered("unknownCall", _) = error else { throw error }
      return nil
    }
    return try files.read(layouts)
  }
}
