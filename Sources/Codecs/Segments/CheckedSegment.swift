public import Tensors

/// The bytes of one segment, expanded and checked once, whose values can be added to several sums.
///
/// ``UpdateCodec/checked(_:layout:)`` makes it. Adding it gives the same bits as
/// ``UpdateCodec/fold(_:layout:weight:into:at:)`` does with the bytes.
public struct CheckedSegment: Sendable {
  /// The segment whose values these are.
  public let layout: ParameterLayout
  let plan: SegmentPlan
  /// The bytes without Zstandard's frame.
  let bytes: [UInt8]

  /// Adds `weight` times the values to `sums`, one for each value.
  ///
  /// - Throws: ``CodecError``, never for bytes that were checked.
  public func fold(weight: Float, into sums: inout [Float]) throws(CodecError) {
    try plan.add(checked: bytes, weight: weight, to: &sums, at: 0)
  }

  /// The values.
  ///
  /// - Throws: ``CodecError``, never for bytes that were checked.
  public func values() throws(CodecError) -> ParameterVector {
    var scalars = [Float](repeating: 0, count: layout.count)
    try fold(weight: 1, into: &scalars)
    return ParameterVector(layout: layout, scalars: scalars)
  }
}
