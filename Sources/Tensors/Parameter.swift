/// What one parameter tensor of a network is called, its shape and its part in training.
public struct Parameter: Hashable, Sendable {
  /// How a parameter takes part in training.
  public enum Role: String, Hashable, Sendable {
    /// A weight of a linear map or convolution: trained, decayed.
    case weight
    /// A bias: trained, decayed as PyTorch does by default.
    case bias
    /// The scale or shift of a normalization: trained.
    case scale
    /// A running statistic: travels and is averaged, but isn't trained.
    case buffer
  }

  /// The name inside its block, as PyTorch would spell it: "conv1.weight".
  public let name: String
  /// The extents, in PyTorch's order of axes.
  public let shape: Shape
  /// The part in training.
  public let role: Role

  /// A parameter of the given name, shape and role.
  public init(_ name: String, _ shape: Shape, role: Role) {
    self.name = name
    self.shape = shape
    self.role = role
  }
}
