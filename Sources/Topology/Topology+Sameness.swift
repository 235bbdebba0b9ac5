import Codecs
import Federation
import Progressive
import Yams

extension Topology {
  /// True if two texts of topologies say the same: comments, quotes and layout don't count.
  package static func isSame(_ first: String, _ second: String) -> Bool {
    if first == second { return true }
    guard let (first, second) = try? (YAMLDocument(first), YAMLDocument(second)) else {
      return false
    }
    return first.root == second.root
  }

  /// All that the file and the command line say, a line `name: value` for each, by name.
  ///
  /// Comments, quotes and layout don't count, nor how the command line's options and the file share
  /// the work.
  package var settingLines: String {
    var lines: [String: String] = [:]
    // Both were read before.
    let root = (try? YAMLDocument(source))?.root
    let settings = overrides.settings.compactMap { try? Setting($0) }
    if let root = settings.reduce(root, { $1.applied(to: $0) }) {
      Self.flatten(root, path: "", into: &lines)
    }
    lines["seed"] = "\(seed)"
    lines["clients"] = "\(clients)"
    lines["rounds"] = "\(rounds)"
    lines["strategy"] = strategy.rawValue
    lines["codecs.up"] = "\(codecs.up.spec)"
    lines["codecs.down"] = "\(codecs.down.spec)"
    lines["participation.perRound"] = "\(rules.clientsPerRound)"
    return lines.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
  }

  private static func flatten(_ node: Node, path: String, into lines: inout [String: String]) {
    guard case .mapping(let mapping) = node else {
      lines[path] = inline(node)
      return
    }
    for (key, value) in mapping {
      let name = inline(key)
      flatten(value, path: path.isEmpty ? name : "\(path).\(name)", into: &lines)
    }
  }

  /// A value on one line.
  private static func inline(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.replacing("\n", with: " ")
    case .sequence(let sequence): "[\(sequence.map(inline).joined(separator: ", "))]"
    case .mapping(let mapping):
      "{\(mapping.map { "\(inline($0.key)): \(inline($0.value))" }.joined(separator: ", "))}"
    case .alias: ""
    }
  }
}
