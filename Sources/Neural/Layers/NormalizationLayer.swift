/// A normalization with a learned scale and shift of each channel,
/// y = (x − mean) / √(variance + ε) · scale + shift.
///
/// Parameters: "name.weight" `[C]`, the scale, then "name.bias" `[C]`, the shift.
public struct NormalizationLayer: Hashable, Sendable {
  /// Over what mean and variance are taken.
  public enum Kind: Hashable, Sendable {
    /// Over the C/G neighbouring channels of each of `groups` groups, G, of one sample.
    case group(groups: Int)
  }

  /// What its parameters' names begin with.
  public var name: String
  /// Over what mean and variance are taken.
  public var kind: Kind
  /// What is added to the variance, ε.
  public var epsilon: Float

  /// A normalization of the given kind.
  public init(_ name: String, _ kind: Kind, epsilon: Float = 1e-5) {
    switch kind {
    case .group(let groups): precondition(groups > 0, "\(name): \(groups) groups")
    }
    self.name = name
    self.kind = kind
    self.epsilon = epsilon
  }
}
