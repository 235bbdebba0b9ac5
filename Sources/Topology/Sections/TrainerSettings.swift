import Yams

/// The trainer program of a topology, read before its model is known.
package struct TrainerSettings: Sendable {
  /// The topology's file, in whose folder the program is started.
  package let file: String
  /// The program.
  package let program: TrainerProgram
  /// The options that it is handed.
  package let options: [String: OptionValue]
  /// The run's seed.
  package let seed: UInt64
  /// True if the topology names a model.
  package let namesModel: Bool

  /// Reads the file at `path`; nil where it names no program.
  ///
  /// - Throws: `TopologyError` where the file can't be read, or says something wrong of it.
  package init?(
    contentsOf path: String, overrides: Overrides = Overrides()
  ) throws(TopologyError) {
    let text = try Topology.text(of: path)
    guard !PlanText.isPlan(text) else { return nil }
    let document: YAMLDocument
    let settings: [Setting]
    do throws(TopologyIssue.Unreadable) {
      document = try YAMLDocument(text)
      settings = try overrides.settings.map(Setting.init)
    } catch { throw TopologyError(file: path, unreadable: error) }
    guard let tree = settings.reduce(document.root, { $1.applied(to: $0) }) else { return nil }
    let reading = Reading(repetitions: document.repetitions)
    guard case .mapping(let keys) = tree else { return nil }
    namesModel =
      keys.contains { $0.key == "model" && Self.hasName($0.value) }
    seed =
      overrides.seed
      ?? keys.first { $0.key == "seed" }.flatMap {
        Cursor($0.value, path: "seed", reading: reading).seed()
      } ?? 1
    guard let section = keys.first(where: { $0.key == "training" })?.value else { return nil }
    let training = Cursor(section, path: "training", reading: reading).keys {
      TrainingSection(reading: &$0)
    }
    guard let training, reading.isSound("training", "seed") else {
      throw reading.error(file: path)
    }
    guard let program = training.program else { return nil }
    file = path
    self.program = program
    options = training.options
  }

  /// True if the section `model` says which model it is.
  private static func hasName(_ section: Node) -> Bool {
    guard case .mapping(let keys) = section else { return true }
    return keys.contains { $0.key == "name" || $0.key == "manifest" }
  }
}
