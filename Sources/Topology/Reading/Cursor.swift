import Measures
import Yams

/// A value in the file and the keys that lead to it.
struct Cursor {
  let node: Node
  /// The keys that lead here: "training.batch", "stages.rounds[2]"; empty for the whole file.
  let path: String
  let reading: Reading

  init(_ node: Node, path: String, reading: Reading) {
    self.node = node
    self.path = path
    self.reading = reading
    reading.note(Self.place(of: node), of: path)
  }

  /// Reports that what stands here is wrong; `problem` goes on after the keys.
  func report(_ problem: String, remedy: String) {
    reading.report(path, path.isEmpty ? problem : "\(path) \(problem)", remedy: remedy)
  }

  /// Reports that something else was expected here.
  func expected(_ what: String, remedy: String) {
    report("is \(found), not \(what)", remedy: remedy)
  }

  /// True if a key stands here without a value.
  var isNothing: Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else {
      return false
    }
    return ["", "~", "null"].contains(scalar.string)
  }

  /// The text of a scalar, in quotation marks or not; nil for anything else, and where nothing
  /// stands.
  ///
  /// Programs that write YAML put whatever is text to them in quotation marks: "80 %", "iid".
  var word: String? {
    guard case .scalar(let scalar) = node, !isNothing else { return nil }
    return scalar.string
  }

  /// True for a single value or none, false for a list or a section.
  var isScalar: Bool {
    if case .scalar = node { true } else { false }
  }

  /// The value as it is written, and not too long.
  var spelled: String { word.map(Self.shown) ?? found }

  /// The value's kind and text, for people.
  var found: String {
    switch node {
    case .mapping: return "a section of keys"
    case .sequence: return "a list"
    case .alias: return "an alias"
    case .scalar(let scalar):
      if isNothing { return "empty" }
      let shown = Self.shown(scalar.string)
      return word.flatMap(Self.number) != nil ? shown : "“\(shown)”"
    }
  }

  /// The values of a list, each under its own path; nil and a fault if there is no list.
  func elements(_ what: String, remedy: String, atMost limit: Int = 1000) -> [Cursor]? {
    guard case .sequence(let sequence) = node else {
      expected(what, remedy: remedy)
      return nil
    }
    guard sequence.count <= limit else {
      report("has \(sequence.count) values", remedy: "write at most \(limit)")
      return nil
    }
    return sequence.enumerated().map { index, node in
      Cursor(node, path: "\(path)[\(index + 1)]", reading: reading)
    }
  }

  /// Reads the keys here; reports those that `body` doesn't ask for.
  ///
  /// Nothing at all is a section without keys, and a word the value of the key `word`, if there is
  /// one; for anything else there is a fault and nil.
  func keys<Value>(word key: String? = nil, _ body: (inout KeyReader) -> Value) -> Value? {
    var pairs: [(key: Node, value: Node)] = []
    if case .mapping(let mapping) = node {
      pairs = mapping.map { ($0.key, $0.value) }
    } else if let key, word != nil {
      pairs = [(.scalar(Node.Scalar(key, .implicit, .plain, node.mark)), node)]
    } else if !isNothing {
      expected("a section of keys", remedy: "write keys and values below it, one a line")
      return nil
    }
    var keys = KeyReader(pairs, path: path, reading: reading)
    let value = body(&keys)
    keys.close()
    return value
  }

  /// A number in the usual notation; nil for anything else.
  static func number(_ text: String) -> Double? { DecimalNumber(text)?.value }

  /// `text` on one line and not too long.
  static func shown(_ text: String) -> String {
    let printable = text.unicodeScalars.prefix(41).map { scalar in
      isControl(scalar) ? "·" : String(scalar)
    }
    return printable.count > 40 ? printable.prefix(40).joined() + "…" : printable.joined()
  }

  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control
  }

  static func place(of node: Node) -> TopologyIssue.Place {
    node.mark.map { .line($0.line, column: $0.column) } ?? .file
  }
}

extension Cursor {
  /// The keys and values of a section whose keys aren't known beforehand; nil and a fault if there
  /// is none.
  func entries(_ what: String, remedy: String) -> [(key: String, value: Cursor)]? {
    guard case .mapping(let mapping) = node else {
      expected(what, remedy: remedy)
      return nil
    }
    var entries: [(key: String, value: Cursor)] = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        report("has a key that isn't a word", remedy: remedy)
        return nil
      }
      if let repetition = reading.takeRepetition(spelled: scalar.string) {
        reading.report(
          "\(path).\(repetition.key)",
          "\(path).\(repetition.key) stands here and in line \(repetition.line)",
          remedy: "keep one of them", at: Self.place(of: key))
        return nil
      }
      let cursor = Cursor(value, path: "\(path).\(scalar.string)", reading: reading)
      entries.append((scalar.string, cursor))
    }
    return entries
  }
}
