import Yams

/// Several runs of one topology as a file describes them: named variants and grids, each with every
/// seed.
package struct Sweep: Hashable, Sendable {
  /// The sweep's name.
  package let name: String
  /// The topology file, as seen from the working directory.
  package let topology: String
  /// The scores whose cost is to be compared, in [0, 1]: accuracies, or Dice coefficients of
  /// segmentation.
  package let targets: [Double]
  /// The runs in the order of the file: all seeds of a variant, then the next variant.
  package let runs: [SweepRun]
}

/// One run of a sweep: a variant with a seed.
package struct SweepRun: Hashable, Sendable {
  /// The variant that it belongs to.
  package let variant: String
  /// The seed.
  package let seed: UInt64
  /// The topology file, as seen from the working directory.
  package let topology: String
  /// The changes to the topology, each as KEY=VALUE, the sweep's own settings first.
  package let settings: [String]

  /// The run's name, fit for a folder.
  package var name: String { "\(variant)-\(seed)" }
}

extension Sweep {
  /// The most runs that a file may ask for.
  package static let limit = 10_000

  /// Reads the sweep file at `path`.
  ///
  /// - Throws: everything that is wrong with the file, with the line of each fault. The topology
  ///   and what is set in it are checked when the runs are.
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
    if let root = document.root, SweepDraft.isTopology(root) {
      reading.report(
        "", "is a topology of one run, not a sweep",
        remedy:
          "progfed simulate \(file) runs it; a sweep names it under topology:, and runs: or grid: says "
          + "what its runs change")
      throw reading.error(file: file)
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
