/// An affine map, y = x Wᵀ + b.
///
/// Parameters: "name.weight" `[O, I]`, then "name.bias" `[O]` unless there is none.
public struct LinearLayer: Hashable, Sendable {
  /// What its parameters' names begin with.
  public var name: String
  /// The scalars of the output, O.
  public var outputs: Int
  /// Whether a bias is added.
  public var bias: Bool

  /// An affine map to `outputs` scalars.
  public init(_ name: String, outputs: Int, bias: Bool = true) {
    precondition(outputs > 0, "\(name): \(outputs) outputs")
    self.name = name
    self.outputs = outputs
    self.bias = bias
  }
}
