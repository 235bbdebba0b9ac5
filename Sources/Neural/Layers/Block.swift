/// A named part of a network that is trained, frozen, sent and averaged as one: a block or a head.
public struct Block: Hashable, Sendable {
  /// The name of its segment of parameters: "block1", "head1".
  public var name: String
  /// Its layers, in the order in which they are applied.
  public var layers: [Layer]
  /// Its layers on the way back from the blocks that lie inside it, as in a U-Net's decoder.
  public var returning: [Layer]

  /// A part of the given name and layers.
  public init(_ name: String, _ layers: [Layer], returning: [Layer] = []) {
    self.name = name
    self.layers = layers
    self.returning = returning
  }
}
