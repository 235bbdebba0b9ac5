public import Measures

/// A flat vector ⇄ bytes, all of it coded in one way.
///
/// Equal values and keys give equal bytes. Decoding refuses whatever isn't exactly the bytes of the
/// given number of finite values.
public struct Codec: Sendable {
  /// The codec's description.
  public let spec: CodecSpec

  /// The codec that `spec` describes.
  public init(_ spec: CodecSpec) { self.spec = spec }

  /// The exact size of `count` encoded values; nil if it depends on the values.
  public func exactSize(of count: Int) -> ByteCount? { plan(count).exactSize }

  /// The size that no `count` values exceed.
  public func maximumSize(of count: Int) -> ByteCount { plan(count).maximumSize }

  /// The size to be expected of `count` values, compression not counted.
  public func expectedSize(of count: Int) -> ByteCount { plan(count).expectedSize }

  /// The bytes of `values`; positions, rotation and rounding are drawn by `key`.
  ///
  /// - Throws: ``CodecError/notFinite(index:)`` or ``CodecError/tooLarge(index:limit:)``.
  public func encode(_ values: [Float], key: UInt64) throws(CodecError) -> [UInt8] {
    try plan(values.count).encode(values, seed: key)
  }

  /// Refuses bytes that aren't those of `count` values.
  public func check(_ bytes: [UInt8], count: Int) throws(CodecError) {
    try plan(count).check(bytes)
  }

  /// The `count` values of the bytes.
  public func decode(_ bytes: [UInt8], count: Int) throws(CodecError) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    try plan(count).add(bytes, weight: 1, to: &values, at: 0)
    return values
  }

  /// Adds `weight` times the `count` values of the bytes to `sums` from `offset` on, or throws and
  /// doesn't.
  public func fold(
    _ bytes: [UInt8], count: Int, weight: Float, into sums: inout [Float], at offset: Int = 0
  ) throws(CodecError) {
    try plan(count).add(bytes, weight: weight, to: &sums, at: offset)
  }

  private func plan(_ count: Int) -> SegmentPlan {
    precondition((0...Int(Int32.max)).contains(count), "\(count) values")
    return SegmentPlan(
      tensors: count > 0 ? [(0..<count, TensorCodec(spec))] : [], isCompressed: spec.isCompressed)
  }
}
