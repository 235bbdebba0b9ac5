import Yams

/// A value that the command line puts into a topology: `--set training.batch=32`.
struct Setting {
  /// The keys that lead to it, from the outermost on.
  let keys: [String]
  /// The value, in YAML, without places in a file.
  let value: Node
  /// The option as it was given, up to the value, or the line of a plan.
  let place: TopologyIssue.Place

  /// The keys as a fault names them.
  var path: String { keys.joined(separator: ".") }

  /// Reads `KEY=VALUE`; KEY is keys with dots between them, VALUE is YAML on one line.
  init(_ text: String) throws(TopologyIssue.Unreadable) {
    let shown = Cursor.shown(text)
    let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let keys = halves[0].split(separator: ".", omittingEmptySubsequences: false).map {
      Cursor.trimmed($0)
    }
    guard halves.count == 2, !keys.contains("") else {
      throw .init(
        .option("--set \(shown)"), "isn't KEY=VALUE",
        remedy: "write keys with dots between them and a value, as in --set training.batch=32")
    }
    self.keys = keys
    place = .option("--set \(keys.joined(separator: "."))")
    value = try Self.value(
      String(halves[1]), at: .option("--set \(shown)"),
      remedy: "write a value behind the equals sign, as in --set training.batch=32")
  }

  /// The setting of a plan: `key` with dots in it, and its value, which stand at `place`.
  init(_ key: String, value text: String, at place: TopologyIssue.Place)
    throws(TopologyIssue.Unreadable)
  {
    keys = key.split(separator: ".").map(String.init)
    self.place = place
    value = try Self.value(text, at: place, remedy: "take another copy of the plan")
  }

  private static func value(
    _ text: String, at place: TopologyIssue.Place, remedy: String
  ) throws(TopologyIssue.Unreadable) -> Node {
    let document: YAMLDocument
    do throws(TopologyIssue.Unreadable) { document = try YAMLDocument(text) } catch {
      throw .init(place, error.problem, remedy: error.remedy)
    }
    guard let root = document.root, document.repetitions.isEmpty else {
      throw .init(place, "has no value, or a key of it twice", remedy: remedy)
    }
    return placeless(root)
  }

  /// `root` with the value in place of the old one; sections that are missing are made.
  func applied(to root: Node?) -> Node { Self.put(value, at: keys[...], in: root) }

  private static func put(_ value: Node, at keys: ArraySlice<String>, in node: Node?) -> Node {
    guard let key = keys.first else { return value }
    var mapping: Node.Mapping
    if case .mapping(let known)? = node {
      mapping = known
    } else {
      mapping = Node.Mapping([])
    }
    let place = Node(key)
    // A key keeps its place in the file, where faults of its section are told.
    let known = mapping.first { $0.key == place }
    mapping[known?.key ?? place] = put(value, at: keys.dropFirst(), in: known?.value)
    return .mapping(mapping)
  }

  private static func placeless(_ node: Node) -> Node {
    switch node {
    case .scalar(var scalar):
      scalar.mark = nil
      return .scalar(scalar)
    case .mapping(let mapping):
      return .mapping(
        Node.Mapping(
          mapping.map { (placeless($0.key), placeless($0.value)) }, mapping.tag, mapping.style))
    case .sequence(let sequence):
      return .sequence(
        Node.Sequence(sequence.map(placeless), sequence.tag, sequence.style))
    case .alias: return node
    }
  }
}
