extension Topology {
  /// Whether two texts of topologies say the same: comments, quotes and layout don't count.
  package static func isSame(_ first: String, _ second: String) -> Bool {
    if first == second { return true }
    guard let (first, second) = try? (YAMLDocument(first), YAMLDocument(second)) else {
      return false
    }
    return first.root == second.root
  }
}
