import Datasets
import Federation
import Foundation
import Models
import Progressive
import Yams

extension Topology {
  /// Reads the file at `path`.
  ///
  /// - Throws: everything that is wrong with the file, with the line of each fault.
  package init(
    contentsOf path: String, overrides: Overrides = Overrides(), checksFiles: Bool = true
  ) throws(TopologyError) {
    try self.init(
      parsing: Self.text(of: path), file: path, overrides: overrides, checksFiles: checksFiles)
  }

  /// Reads a topology's `text`, which may be a plan.
  ///
  /// - Parameters:
  ///   - text: The text, in YAML.
  ///   - file: The file that it is from; paths in it start at this file's folder.
  ///   - overrides: The values of the command line in place of the text's.
  ///   - checksFiles: True if it is a fault that the data set's files aren't there.
  /// - Throws: everything that is wrong with the text, with the line of each fault.
  package init(
    parsing text: String, file: String, overrides: Overrides = Overrides(),
    checksFiles: Bool = true
  ) throws(TopologyError) {
    guard !PlanText.isPlan(text) else {
      try self.init(plan: text, from: file, overrides: overrides, checksFiles: checksFiles)
      return
    }
    let document: YAMLDocument
    let settings: [Setting]
    do throws(TopologyIssue.Unreadable) {
      document = try YAMLDocument(text)
      settings = try overrides.settings.map(Setting.init)
    } catch { throw TopologyError(file: file, unreadable: error) }
    self = try Self.read(
      document.root, settings, source: text, file: file, overrides: overrides,
      checksFiles: checksFiles, Reading(repetitions: document.repetitions))
  }

  /// The topology of a tree with `settings` in place of what is in it.
  static func read(
    _ tree: Node?, _ settings: [Setting], source: String, file: String, overrides: Overrides,
    checksFiles: Bool, _ reading: Reading
  ) throws(TopologyError) -> Topology {
    if let sweep = tree.flatMap(SweepDraft.topology) {
      // What a topology lacks in it is none of its faults.
      reading.report(
        "", "is a sweep of several runs, not a topology",
        remedy: "progfed sweep \(file) runs them; what they start from is the topology \(sweep)")
      throw reading.error(file: file)
    }
    for setting in settings { reading.settle(setting.path, at: setting.place) }
    let root = settings.reduce(tree) { $1.applied(to: $0) }
    let draft = root.flatMap { root in
      Cursor(root, path: "", reading: reading).keys { TopologyDraft(reading: &$0, file: file) }
    }
    if root == nil {
      reading.report("", "is empty", remedy: "begin with a copy of topologies/quickstart.yaml")
    }
    reading.reportRepetitions()
    guard var draft else { throw reading.error(file: file) }
    draft.apply(overrides, reading: reading)
    guard
      let topology = draft.topology(
        file: file, source: source, overrides: overrides, checksFiles: checksFiles,
        reading: reading),
      reading.isSound("")
    else { throw reading.error(file: file) }
    return topology
  }

  /// An error at `key`, whose value doesn't fit facts that were found after the text was read.
  package func error(at key: String, _ problem: String, remedy: String) -> TopologyError {
    let place = places[key] ?? .file
    return TopologyError(
      file: file, faults: [TopologyIssue(place: place, path: key, problem: problem, remedy: remedy)]
    )
  }

  static func text(of path: String) throws(TopologyError) -> String {
    func failure(_ problem: String, _ remedy: String) -> TopologyError {
      TopologyError(
        file: path,
        faults: [TopologyIssue(place: .file, path: "", problem: problem, remedy: remedy)])
    }
    let bytes: Data
    do {
      let file = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? file.close() }
      bytes = try file.read(upToCount: YAMLText.limit + 1) ?? Data()
    } catch {
      var isFolder: ObjCBool = false
      // SAFETY: Foundation writes the flag during the call.
      guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw failure("isn't there", "check the path")
      }
      guard isFolder.boolValue else { throw failure("can't be read", "check its permissions") }
      let own = (path.hasSuffix("/") ? path : path + "/") + "topology.yaml"
      throw failure(
        "is a folder",
        FileManager.default.fileExists(atPath: own)
          ? "name a file; that of this run is \(own)" : "name a file in it")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure("isn't text in UTF-8", "is this a topology? Save it as UTF-8")
    }
    return text
  }
}
