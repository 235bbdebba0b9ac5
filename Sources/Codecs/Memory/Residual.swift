public import Tensors

/// A client's error feedback: what its codec left out of earlier updates, e in the formulas.
///
/// An update Δ goes out as C(Δ + e), and e becomes Δ + e − C(Δ + e), but only once the broker has
/// acknowledged it: a lost update stays in neither the model nor the residual otherwise.
public struct Residual: Hashable, Sendable {
  /// An encoded update and the residual that its acknowledgement makes current.
  public struct Encoded: Hashable, Sendable {
    /// The bytes to send.
    public let bytes: [UInt8]
    /// The error of the bytes.
    public let leftOut: ParameterVector
  }

  /// The error so far, by segment name; segments that aren't here have none.
  public private(set) var segments: [String: ParameterVector]

  /// Nothing left out, or what a checkpoint kept.
  public init(_ segments: [ParameterVector] = []) {
    self.segments = Dictionary(segments.map { ($0.layout.name, $0) }) { _, last in last }
  }

  /// The update with what was left out before: Δ + e.
  public func compensated(_ update: ParameterVector) -> ParameterVector {
    guard let segment = segments[update.layout.name] else { return update }
    precondition(
      segment.layout == update.layout,
      "\(update.layout.name) changed its layout; adapt the residual when the model grows")
    return ParameterVector(
      layout: update.layout, scalars: zip(update.scalars, segment.scalars).map { $0 + $1 })
  }

  /// The bytes of Δ + e, and what they leave out; the residual itself waits for ``commit(_:)``.
  ///
  /// - Throws: what ``UpdateCodec/encode(_:key:)`` throws.
  public func encode(
    _ update: ParameterVector, codec: UpdateCodec, key: UInt64
  ) throws(CodecError) -> Encoded {
    var leftOut = compensated(update)
    let bytes = try codec.encode(leftOut, key: key)
    try codec.fold(bytes, layout: leftOut.layout, weight: -1, into: &leftOut.scalars)
    return Encoded(bytes: bytes, leftOut: leftOut)
  }

  /// Makes current what an acknowledged update left out.
  public mutating func commit(_ encoded: Encoded) {
    segments[encoded.leftOut.layout.name] = encoded.leftOut
  }

  /// Keeps what belongs to `layouts` and drops the rest: the old head, and what changed its layout.
  ///
  /// Segments that are new have left nothing out.
  public mutating func adapt(to layouts: [ParameterLayout]) {
    segments = segments.filter { layouts.contains($0.value.layout) }
  }
}
