/// A normalization with a learned scale and shift of each channel,
/// y = (x − mean) / √(variance + ε) · scale + shift.
///
/// Parameters: "name.weight" `[C]`, the scale, then "name.bias" `[C]`, the shift; a batch norm's are
/// followed by its buffers "name.running_mean" `[C]` and "name.running_var" `[C]`.
public struct NormalizationLayer: Hashable, Sendable {
  /// Over what mean and variance are taken.
  public enum Kind: Hashable, Sendable {
    /// Over the C/G neighbouring channels of each of `groups` groups, G, of one sample.
    case group(groups: Int)
    /// Over all samples of a batch and all positions, channel by channel.
    ///
    /// Training moves the running statistics by the share `momentum` towards the batch's; evaluation
    /// and frozen segments normalize by the running ones.
    case batch(momentum: Float)
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
    case .batch(let momentum):
      precondition((0...1).contains(momentum), "\(name): a momentum of \(momentum)")
    }
    self.name = name
    self.kind = kind
    self.epsilon = epsilon
  }
}
