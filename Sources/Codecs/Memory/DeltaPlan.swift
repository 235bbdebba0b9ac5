public import Measures
public import Tensors

/// The plan by which a model goes on from a keyframe with compressed differences.
public struct DeltaPlan: Hashable, Sendable {
  /// The state that each difference begins from.
  public enum Reference: String, Hashable, Sendable, CaseIterable {
    /// The state before: a client that missed some differences needs them all, in order.
    case last
    /// The keyframe: a client that has it needs the newest difference alone, which grows with the
    /// time (DoCoFL).
    case anchor
  }

  /// The codec of the differences.
  public var codec: UpdateCodec
  /// The state that each difference begins from.
  public var reference: Reference
  /// The number of rounds from one keyframe to the next.
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

  /// Returns true if a segment's next step should be a keyframe.
  ///
  /// It is where one is due, and always where it loses nothing and a difference would be no
  /// smaller: a client that was away then needs one keyframe in place of several differences.
  ///
  /// - Parameters:
  ///   - layout: The segment.
  ///   - keyframe: The codec of keyframes.
  ///   - rounds: How many rounds ago the last keyframe was made.
  ///   - steps: How many steps there are, the last keyframe and the differences since then.
  ///   - differences: The bytes of those differences.
  /// - Returns: True for a keyframe, false for a difference.
  public func needsKeyframe(
    of layout: ParameterLayout, by keyframe: UpdateCodec, after rounds: Int, steps: Int,
    differences: ByteCount
  ) -> Bool {
    guard steps < Self.maximalSteps else { return true }
    let size = keyframe.expectedSize(of: layout)
    if keyframe.isExact(for: layout), codec.expectedSize(of: layout) >= size { return true }
    if let keyframeEvery { return rounds >= keyframeEvery }
    return differences > size
  }
}
