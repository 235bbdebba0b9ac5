public import Tensors

/// The state of one segment that every client can hold: x̂, kept equal at both ends by compressed
/// differences.
///
/// The broker sends m = C(x − x̂) and both ends set x̂ ← x̂ + m. What m leaves out stays in x − x̂
/// and is sent later, so x̂ is the server's error memory and nothing is lost (DoubleSqueeze,
/// EF21-P).
public struct SharedReference: Hashable, Sendable {
  /// The values x̂ that clients train from.
  public private(set) var values: ParameterVector
  /// The number of differences since the keyframe, plus the keyframe's own number.
  public private(set) var version: Int

  /// The state after a keyframe of the given decoded values.
  public init(keyframe values: ParameterVector, version: Int = 0) {
    self.values = values
    self.version = version
  }

  /// The state and bytes of a keyframe of `model`: both ends start from the decoded bytes.
  ///
  /// - Throws: what ``UpdateCodec/encode(_:key:)`` throws.
  public static func keyframe(
    of model: ParameterVector, version: Int = 0, codec: UpdateCodec, key: UInt64
  ) throws(CodecError) -> (reference: SharedReference, bytes: [UInt8]) {
    let bytes = try codec.encode(model, key: key)
    let values = try codec.decode(bytes, layout: model.layout)
    return (SharedReference(keyframe: values, version: version), bytes)
  }

  /// The difference between `model` and the reference: x − x̂.
  public func lag(behind model: ParameterVector) -> ParameterVector {
    precondition(
      model.layout == values.layout, "\(model.layout.name) isn't \(values.layout.name)")
    return ParameterVector(
      layout: values.layout, scalars: zip(model.scalars, values.scalars).map { $0 - $1 })
  }

  /// Moves towards `model` by a compressed difference, and returns its bytes for the clients.
  ///
  /// - Throws: what ``UpdateCodec/encode(_:key:)`` throws; the reference is unchanged then.
  public mutating func advance(
    towards model: ParameterVector, codec: UpdateCodec, key: UInt64
  ) throws(CodecError) -> [UInt8] {
    let bytes = try codec.encode(lag(behind: model), key: key)
    try apply(bytes, codec: codec)
    return bytes
  }

  /// Moves by a difference received in full and in order.
  ///
  /// - Throws: what ``UpdateCodec/check(_:layout:)`` throws; the reference is unchanged then.
  public mutating func apply(_ bytes: [UInt8], codec: UpdateCodec) throws(CodecError) {
    try codec.fold(bytes, layout: values.layout, weight: 1, into: &values.scalars)
    version += 1
  }
}
