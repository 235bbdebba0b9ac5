/// One thing that is wrong with a topology: where, what, and what to do.
package struct TopologyIssue: Hashable, Sendable {
  /// The place at which a fault is to be mended.
  package enum Place: Hashable, Sendable {
    /// A position in the file; lines and columns count from 1.
    case line(Int, column: Int)
    /// An option of the command line: "--rounds".
    case option(String)
    /// The file as a whole.
    case file
  }

  /// The place at which it is to be mended.
  package var place: Place
  /// The keys that lead there: "training.batch"; empty for the file as a whole.
  package var path: String
  /// The fault in words.
  package var problem: String
  /// The cure in words.
  package var remedy: String

  /// A fault of the given parts.
  package init(place: Place, path: String, problem: String, remedy: String) {
    self.place = place
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  /// One line of text: "FILE:LINE: what is wrong — what to do".
  package func text(file: String) -> String {
    switch place {
    case .line(let line, _): "\(file):\(line): \(problem) — \(remedy)"
    case .option(let option): "\(option): \(problem) — \(remedy)"
    case .file: "\(file): \(problem) — \(remedy)"
    }
  }
}

extension [TopologyIssue] {
  /// The file's faults line by line, after those of the whole file and before the command line's.
  var inOrderOfFile: [TopologyIssue] {
    enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
      .map(\.element)
  }
}

extension TopologyIssue {
  fileprivate var order: Int {
    switch place {
    case .file: 0
    case .line(let line, let column): line << 20 | min(column, 1 << 20 - 1)
    case .option: .max
    }
  }
}

/// Everything that is wrong with a topology.
package struct TopologyError: Error, Hashable, Sendable {
  /// The file, as it was named.
  package let file: String
  /// The faults in the order of the file; options of the command line come last.
  package let faults: [TopologyIssue]

  /// An error of at least one fault.
  package init(file: String, faults: [TopologyIssue]) {
    precondition(!faults.isEmpty, "an error of no fault in \(file)")
    self.file = file
    self.faults = faults
  }
}

extension TopologyError {
  /// The one fault for which `file` can't be read at all.
  init(file: String, unreadable fault: TopologyIssue.Unreadable) {
    self.init(
      file: file,
      faults: [
        TopologyIssue(place: fault.place, path: "", problem: fault.problem, remedy: fault.remedy)
      ])
  }
}

extension TopologyError: CustomStringConvertible {
  /// One line for each fault: "FILE:LINE: what is wrong — what to do"; no more than 100.
  package var description: String {
    let shown = 100
    var lines = faults.prefix(shown).map { $0.text(file: file) }
    if faults.count > shown { lines.append("\(file): and \(faults.count - shown) faults more") }
    return lines.joined(separator: "\n")
  }
}
