/// The codecs of a run, as topologies spell them.
public struct CodecNames: Hashable, Sendable, Codable {
  /// How the model goes down: "dense32".
  public var down: String
  /// How updates go up: "linear8+random25".
  public var up: String

  /// The codecs of the two directions.
  public init(down: String, up: String) {
    self.down = down
    self.up = up
  }
}
