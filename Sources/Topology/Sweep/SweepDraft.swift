import Measures
import Yams

/// A sweep file as it was read.
struct SweepDraft {
  /// A variant's name and its changes, each as KEY=VALUE.
  struct Variant {
    var name: String
    /// The topology file in place of the sweep's; nil for that one.
    var topology: String?
    var settings: [String]

    /// A variant that changes `settings`, among which may be the topology itself.
    init(name: String, changing settings: [(key: String, text: String)]) {
      self.name = name
      topology = settings.last { $0.key == Self.topologyKey }.map { setting in
        String(setting.text.dropFirst(Self.topologyKey.count + 1))
      }
      self.settings = settings.filter { $0.key != Self.topologyKey }.map(\.text)
    }

    /// The key that isn't one of a topology, but names one.
    static let topologyKey = "topology"
  }

  var name: String?
  var topology: String?
  var seeds: [UInt64]
  /// The scores whose cost is compared.
  var targets: [Double]
  /// The changes in all runs.
  var settings: [String]
  var variants: [Variant]

  init(reading keys: inout KeyReader) {
    let reading = keys.reading
    name = keys.optional("name") { $0.name() }
    topology = keys.required(
      "topology", remedy: "write the file that all runs start from, as in topology: quickstart.yaml"
    ) { $0.text() }
    seeds = keys.value("seeds", default: [1]) { cursor in
      let remedy = "write one or more numbers, as in [1, 2, 3]"
      let seeds = cursor.elements("a list of seeds", remedy: remedy)?
        .map { $0.seed() }
      guard let seeds, !seeds.contains(nil) else { return nil }
      let distinct = seeds.compactMap { $0 }
      guard !distinct.isEmpty, Set(distinct).count == distinct.count else {
        cursor.report("is empty or has a seed twice", remedy: remedy)
        return nil
      }
      return distinct
    }
    targets = keys.value("targets", default: []) { cursor in
      let scores = cursor.elements("a list of scores", remedy: "write them as in [0.8, 0.85]")?
        .map { $0.share()?.value }
      guard let scores, !scores.contains(nil) else { return nil }
      return scores.compactMap { $0 }
    }
    settings = keys.value("set", default: []) { Self.settings($0)?.map(\.text) }
    let named = keys.value("runs", default: []) { Self.named($0) }
    let grid = keys.value("grid", default: []) { Self.grid($0) }
    variants = named + grid
    if !keys.has("runs"), !keys.has("grid") {
      reading.report(
        "", "has neither runs nor a grid",
        remedy: "write runs: with a line for each, or grid: with a list of values for each key")
    }
    let names = Dictionary(grouping: variants, by: \.name)
    for (name, equal) in names.sorted(by: { $0.key < $1.key }) where equal.count > 1 {
      reading.report("runs", "\(name) names two runs", remedy: "give one of them another name")
    }
    if variants.count * seeds.count > Sweep.limit {
      reading.report(
        "", "asks for \(variants.count * seeds.count) runs",
        remedy: "ask for \(Sweep.limit) at most")
    }
  }

  /// The variants under their names: `NAME: {KEY: VALUE, …}`.
  private static func named(_ cursor: Cursor) -> [Variant]? {
    cursor.entries(
      "a section of runs", remedy: "write a name for each run and what it sets")?
      .compactMap { name, value in
        guard isName(name) else {
          value.report(
            "has a name that no folder can have",
            remedy: "use letters, digits, dots, dashes, underscores and plus signs")
          return nil
        }
        return settings(value).map { Variant(name: name, changing: $0) }
      }
  }

  /// A variant for each combination of the lists' values: `KEY: [VALUE, …]`.
  private static func grid(_ cursor: Cursor) -> [Variant]? {
    guard
      let axes = cursor.entries(
        "a section of lists", remedy: "write a list of values for each key")
    else { return nil }
    var variants: [(name: String, settings: [(key: String, text: String)])] = [("", [])]
    for (key, value) in axes {
      let remedy = "write the values that \(key) takes, as in [1, 2]"
      guard let values = value.elements("a list of values", remedy: remedy) else { return nil }
      guard variants.count * values.count <= Sweep.limit else {
        cursor.report("has too many combinations", remedy: "ask for \(Sweep.limit) at most")
        return nil
      }
      variants = variants.flatMap { variant in
        values.compactMap { element in
          guard let (_, setting) = setting(key, element) else { return nil }
          let text = setting.dropFirst(key.count + 1)
          let short = "\(key.split(separator: ".").last ?? "")=\(text)"
          let name = String(short.map { isNamePart($0) ? $0 : "_" })
          return (
            name: variant.name.isEmpty ? name : "\(variant.name),\(name)",
            settings: variant.settings + [(key, setting)]
          )
        }
      }
    }
    return variants.map { Variant(name: $0.name, changing: $0.settings) }
  }

  /// The settings of a section, whose keys may have dots in them.
  private static func settings(_ cursor: Cursor) -> [(key: String, text: String)]? {
    if cursor.isNothing { return [] }
    return cursor.entries(
      "a section of settings", remedy: "write what is to be changed, as in {rounds: 300}"
    )?.compactMap(setting)
  }

  /// The setting of `key`; a topology's path is taken as it is, and must be one.
  private static func setting(_ key: String, _ value: Cursor) -> (key: String, text: String)? {
    guard key == Variant.topologyKey else { return (key, "\(key)=\(flow(value.node))") }
    return value.text().map { (key, "\(key)=\($0)") }
  }

  private static func isName(_ text: String) -> Bool {
    (1...100).contains(text.count) && text.first != "." && text.first != "-"
      && text.allSatisfy(isNamePart)
  }

  private static func isNamePart(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "._-+=,".contains(character))
  }

  /// A value on one line of YAML.
  private static func flow(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar):
      guard scalar.style != .plain, scalar.style != .any else { return scalar.string }
      let parts = scalar.string.split(separator: "'", omittingEmptySubsequences: false)
      return "'\(parts.joined(separator: "''"))'"
    case .sequence(let sequence): return "[\(sequence.map(flow).joined(separator: ", "))]"
    case .mapping(let mapping):
      let pairs = mapping.map { "\(flow($0.key)): \(flow($0.value))" }
      return "{\(pairs.joined(separator: ", "))}"
    case .alias: return ""
    }
  }
}

extension SweepDraft {
  /// The topology that a sweep in `tree` names; nil where there is no sweep.
  ///
  /// No key of a topology is called so, and none of its own that it must have is one of a sweep's.
  static func topology(_ tree: Node) -> String? {
    guard let keys = tree.mapping, keys["runs"] != nil || keys["grid"] != nil,
      keys["clients"] == nil, keys["model"] == nil
    else { return nil }
    return keys["topology"]?.string.map { Cursor.shown($0) }
  }

  /// True if `tree` is a topology, which has no sweep in it.
  static func isTopology(_ tree: Node) -> Bool {
    guard let keys = tree.mapping else { return false }
    return keys["clients"] != nil && keys["model"] != nil
      && ["topology", "runs", "grid"].allSatisfy { keys[Node($0)] == nil }
  }
}
