/// How a model goes on from a keyframe by compressed differences.
public struct DeltaPlan: Hashable, Sendable {
  /// What each difference begins from.
  public enum Reference: String, Hashable, Sendable, CaseIterable {
    /// The state before: who missed some needs them all, in order.
    case last
    /// The keyframe: who has it needs the newest difference alone, which grows with the time (DoCoFL).
    case anchor
  }

  /// The codec of the differences.
  public var codec: UpdateCodec
  /// What each difference begins from.
  public var reference: Reference
  /// How many rounds after a keyframe the next one is due.
  ///
  /// If nil, it is once the differences since the last one have more bytes than it.
  public var keyframeEvery: Int?

  /// A keyframe is due at the latest after so many steps, whatever the interval.
  public static let maximalSteps = 256

  /// A plan of the given parts.
  public init(codec: UpdateCodec, reference: Reference = .last, keyframeEvery: Int? = nil) {
    precondition(keyframeEvery ?? 1 > 0, "keyframes every \(keyframeEvery ?? 1) rounds")
    self.codec = codec
    self.reference = reference
    self.keyframeEvery = keyframeEvery
  }
}
