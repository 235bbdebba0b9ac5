extension Announce {
  /// The same for one of the selected clients alone.
  package func asking(_ client: Int) -> Announce {
    var own = self
    own.selected = [client]
    own.depths = depths.filter { $0.key == client }
    own.counted = counted?.filter { $0.key == client }
    return own
  }
}

extension Envelope {
  /// The deepest stage that can be asked for.
  private static let maximalDepth: UInt32 = 1 << 16

  /// The stages that clients are asked to train, in the order of the selected ones; none where all
  /// train what they can.
  static func schema(_ depths: [Int: Int], of selected: [Int]) -> [UInt32] {
    guard selected.contains(where: { depths[$0] != nil }) else { return [] }
    return selected.map { UInt32(depths[$0] ?? 0) }
  }

  /// Checks the stages that clients are asked to train: one for each selected client, or none.
  static func depths(_ schema: [UInt32], of selected: [Int]) throws(WireError) -> [Int: Int] {
    guard schema.isEmpty || schema.count == selected.count else { throw .field("depths") }
    var depths: [Int: Int] = [:]
    for (client, depth) in zip(selected, schema) where depth > 0 {
      guard depth <= maximalDepth else { throw .field("depths") }
      depths[client] = Int(depth)
    }
    return depths
  }
}
