/// Everything that is wrong with an allow-list.
package struct AllowListError: Error, Hashable, CustomStringConvertible {
  /// A fault of a line.
  package enum Reason: Error, Hashable {
    /// It has this many words.
    case words(Int)
    /// Its first word can't be a name.
    case name(String)
    /// Its second word is no key.
    case key
    /// Its third word names no clients.
    case clients(String)
    /// Its fourth word isn't how many samples each client may have.
    case samples(String)
    /// An earlier line has this name.
    case repeatedName(String, line: Int)
    /// An earlier line has this key.
    case repeatedKey(line: Int)
  }

  /// A line, counted from 1, and what is wrong with it.
  package struct Fault: Hashable, Sendable {
    /// The line.
    package var line: Int
    /// The fault, in words.
    package var reason: Reason
  }

  /// The file.
  package var file: String
  /// Its faults in the order of lines.
  package var faults: [Fault]

  /// Each fault on a line of its own, with its place and what to do.
  package var description: String {
    faults.map { "\(file):\($0.line): \($0.reason.text)" }.joined(separator: "\n")
  }
}

extension AllowListError.Reason {
  /// The fault and its cure, in words; a key isn't repeated, since it may be a secret one.
  fileprivate var text: String {
    switch self {
    case .words(let count):
      "\(count) words; write NAME KEY CLIENTS, such as: edge-1 <40 letters> 0-49, and samples=500 if you like"
    case .name(let name):
      "“\(name)” can't be a name; use up to 64 letters, digits, '-', '_' and '.'"
    case .key:
      "the second word isn't a public key; copy the 40 letters of the worker's .public file"
    case .clients(let text):
      "“\(text)” names no clients; write numbers and ranges, as in 0-49 or 3,7,10-12"
    case .samples(let text):
      "“\(text)” isn't how many samples each client may have; write it as in samples=500, or leave it out"
    case .repeatedName(let name, let line):
      "“\(name)” is the name of line \(line) as well; choose another"
    case .repeatedKey(let line):
      "line \(line) has the same key; give each worker a key of its own"
    }
  }
}
