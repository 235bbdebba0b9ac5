import Yams

extension Sweep {
  /// The most runs that a file may ask for.
  package static let limit = 10_000

  /// Reads the sweep file at `path`.
  ///
  /// - Throws: everything that is wrong with the file, with the line of each fault. The topology and what is
  ///   set in it are checked when the runs are.
  package init(contentsOf path: String) throws(TopologyError) {
    try self.init(parsing: Topology.text(of: path), file: path)
  }

  /// Reads a sweep's `text`; the topology's path starts at the folder of `file`.
  ///
  /// - Throws: everything that is wrong with the text, with the line of each fault.
  package init(parsing text: String, file: String) throws(TopologyError) {
    let document: YAMLDocument
    do throws(TopologyIssue.Unreadable) {
      document = try YAMLDocument(text)
    } catch {
      throw TopologyError(
        file: file,
        faults: [
          TopologyIssue(place: error.place, path: "", problem: error.problem, remedy: error.remedy)
        ])
    }
    let reading = Reading(repetitions: document.repetitions)
    if document.root == nil {
      reading.report(
        "", "is empty", remedy: "begin with a copy of topologies/sweep-quickstart.yaml")
    }
    let draft = document.root.flatMap { root in
      Cursor(root, path: "", reading: reading).keys { SweepDraft(reading: &$0) }
    }
    reading.reportRepetitions()
    guard let draft, reading.isSound(""), let topology = draft.topology else {
      throw reading.error(file: file)
    }
    name = draft.name ?? Cursor.name(of: file, or: "sweep")
    targets = draft.targets
    self.topology = DataSection.path(topology, beside: file)
    runs = draft.variants.flatMap { variant in
      draft.seeds.map { seed in
        SweepRun(
          variant: variant.name, seed: seed,
          topology: DataSection.path(variant.topology ?? topology, beside: file),
          settings: draft.settings + variant.settings + ["seed=\(seed)"])
      }
    }
  }
}
