import Foundation

/// The reason that a sweep can't run, or isn't whole.
enum SweepError: Error {
  /// `--only` names what the file doesn't have.
  case unknownVariants([String], known: [String])
  /// A run of that name was made with other settings.
  case otherSettings(run: String, folder: String, was: [String], now: [String])
  /// A run of that name was made when the topology said something else.
  case otherTopology(run: String, folder: String, topology: String)
  /// All runs were run to their ends, but in some no update counted.
  case fruitless([String], folder: String)
  /// Some runs failed, of which the first one ended with this status.
  case failed([String], folder: String, status: Int32)
}

extension SweepError: CustomStringConvertible {
  /// The fault and its cure in words.
  var description: String {
    switch self {
    case .unknownVariants(let names, let known):
      var distinct: [String] = []
      for name in known where !distinct.contains(name) { distinct.append(name) }
      return "--only \(names.joined(separator: ", ")): the sweep has no such run; "
        + "it has \(distinct.joined(separator: ", "))"
    case .otherSettings(let run, let folder, let was, let now):
      return """
        \(folder)/\(run) was run with other settings (\(was.joined(separator: " ")) instead of \
        \(now.joined(separator: " "))); choose another --out, or remove that folder
        """
    case .otherTopology(let run, let folder, let topology):
      return """
        \(folder)/\(run) was run with another \(URL(fileURLWithPath: topology).lastPathComponent) than \
        \(topology) is now; choose another --out, or remove that folder
        """
    case .failed(let runs, let folder, _):
      return """
        \(runs.count) of the runs failed: \(runs.joined(separator: ", ")); \(folder)/NAME.log says why. \
        Mend that, then call the sweep again: it repeats these alone
        """
    case .fruitless(let runs, let folder):
      return """
        no update counted in \(runs.count == 1 ? "a run" : "\(runs.count) of the runs"): \
        \(runs.joined(separator: ", ")); \(folder)/NAME.log says what became of them. The sweep's other runs are \
        compared without
        """
    }
  }
}
