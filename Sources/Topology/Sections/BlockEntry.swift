/// What a new block and its head begin with when the model grows.
package enum BlockEntry: String, Hashable, Sendable, CaseIterable {
  /// Random values.
  case random
  /// Values with which the new sub-model computes nearly what the old one did, where the network allows it.
  case continued

  /// The entry where none is asked for.
  package static let standard = BlockEntry.continued
}
