/// Everything that is wrong with a topology.
package struct TopologyError: Error, Hashable, Sendable {
  /// The file, as it was named.
  package let file: String
  /// What is wrong, in the order of the file; options of the command line come last.
  package let faults: [TopologyIssue]

  /// An error of at least one fault.
  package init(file: String, faults: [TopologyIssue]) {
    precondition(!faults.isEmpty, "an error of no fault in \(file)")
    self.file = file
    self.faults = faults
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
