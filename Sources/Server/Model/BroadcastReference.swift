import Bytes
import Codecs
import LocalTraining
import Measures
import Models
import Progressive
import Tensors
import Topology
import Wire

/// One segment as it is broadcast: the state x̂ that clients train from, and the steps that lead to
/// it.
///
/// A keyframe begins anew; after it come differences C(x − x̂), each added to x̂ (x̂ ← x̂ + C(x −
/// x̂)), so that x − x̂ is the broker's error memory and nothing gets lost. All differences since
/// the keyframe are kept, so that a client that missed some catches up and ends at the same bits.
struct BroadcastReference: SentSegment {
  /// A step and its bytes.
  struct EncodedStep: Sendable {
    let step: ModelPatch
    let buffer: SharedBuffer
  }

  /// "block1", "head1".
  let name: String
  /// The keyframe, and what leads on from it.
  private(set) var steps: [EncodedStep]
  /// Names x̂.
  private(set) var state: Digest
  /// x̂ itself; nil where only keyframes are sent, as these don't need it.
  private(set) var values: ParameterVector?
  /// The values that the keyframe leads to, from which each difference begins; nil if each begins
  /// from the one before it.
  private(set) var anchor: ParameterVector?
  /// The round of the keyframe.
  let keyframeRound: Int

  /// The number of differences since the keyframe.
  var differenceCount: Int { steps.count - 1 }

  /// The bytes of the differences since the keyframe.
  var differenceSize: ByteCount {
    ByteCount(steps.dropFirst().reduce(0) { $0 + $1.step.length })
  }

  /// Moves x̂ towards `model` by a difference.
  ///
  /// - Throws: `CodecError` if a value is no longer finite; nothing has changed then.
  mutating func advance(
    towards model: ParameterVector, codec: UpdateCodec, key: UInt64
  ) throws(CodecError) {
    guard let start = anchor ?? values else {
      preconditionFailure("\(name) is sent by keyframes alone")
    }
    var reference = SharedReference(keyframe: start)
    let bytes = try reference.advance(towards: model, codec: codec, key: key)
    let from = anchor == nil ? state.prefix : steps[0].step.to
    values = reference.values
    state = Digest(state: reference.values)
    if anchor != nil { steps.removeSubrange(1...) }
    steps.append(Self.step(bytes, .values(codec.spec(of: name)), from: from, to: state))
  }

  /// The segment as it is announced.
  func segment(trained: Bool) -> Segment {
    Segment(name: name, state: state, trained: trained, steps: steps.map(\.step))
  }

  fileprivate static func step(
    _ bytes: [UInt8], _ codec: PatchCodec, from: UInt64?, to: Digest
  ) -> EncodedStep {
    EncodedStep(
      step: ModelPatch(
        digest: Digest(of: bytes), length: bytes.count, codec: codec,
        from: from, to: to.prefix),
      buffer: SharedBuffer(bytes))
  }
}

extension BroadcastReference {
  /// Begins with a keyframe of `model`.
  ///
  /// - Parameters:
  ///   - model: The exact values, x.
  ///   - codec: The keyframe's codec.
  ///   - round: The round for which it is made.
  ///   - key: The key of positions, rotation and rounding.
  ///   - plan: The plan by which it goes on from the keyframe; nil if each round has its own.
  ///   - keepsValues: True if x̂ is kept even if no difference needs it.
  /// - Throws: `CodecError` if a value is no longer finite.
  init(
    keyframe model: ParameterVector, codec: UpdateCodec, round: Int, key: UInt64,
    plan: DeltaPlan?, keepsValues: Bool = false
  ) throws(CodecError) {
    let (reference, bytes) = try SharedReference.keyframe(of: model, codec: codec, key: key)
    name = model.layout.name
    state = Digest(state: reference.values)
    keyframeRound = round
    values = plan == nil && !keepsValues ? nil : reference.values
    anchor = plan?.reference == .anchor ? reference.values : nil
    steps = [Self.step(bytes, .values(codec.spec(of: name)), from: nil, to: state)]
  }

  /// Begins with values that were just drawn, which everybody can draw again.
  ///
  /// - Parameters:
  ///   - fresh: The stream that they are drawn from.
  ///   - model: The values.
  ///   - round: The round for which it is made.
  ///   - plan: The plan by which it goes on; nil if each later round has a keyframe of its own.
  init(fresh: FreshValues, _ model: ParameterVector, round: Int, plan: DeltaPlan?) {
    name = model.layout.name
    state = Digest(state: model)
    keyframeRound = round
    values = plan == nil ? nil : model
    anchor = plan?.reference == .anchor ? model : nil
    steps = [
      Self.step(fresh.bytes, .initial, from: nil, to: state)
    ]
  }
}
