public import Measures
public import Tensors

/// The values of a block or head ⇄ bytes, tensor by tensor, small tensors and buffers as they are.
///
/// The bytes of one segment stand for themselves: layout and codec say what lies where.
public struct UpdateCodec: Hashable, Sendable {
  /// The codec of the tensors that are large enough.
  public var spec: CodecSpec
  /// Tensors with fewer values than this travel as 32-bit floats: biases, normalizations, small
  /// heads.
  public var smallTensorLimit: Int
  /// Segments, by their layout's name, with a codec of their own.
  public var overrides: [String: CodecSpec]

  /// A codec for all segments but those in `overrides`.
  public init(
    _ spec: CodecSpec, smallTensorLimit: Int = 1024, overrides: [String: CodecSpec] = [:]
  ) {
    self.spec = spec
    self.smallTensorLimit = smallTensorLimit
    self.overrides = overrides
  }

  /// The exact size of a segment; nil if it depends on the values.
  public func exactSize(of layout: ParameterLayout) -> ByteCount? { plan(layout).exactSize }

  /// The size that no values of a segment exceed.
  public func maximumSize(of layout: ParameterLayout) -> ByteCount { plan(layout).maximumSize }

  /// The size to be expected of a segment, compression not counted.
  public func expectedSize(of layout: ParameterLayout) -> ByteCount { plan(layout).expectedSize }

  /// The bytes of a segment's values; positions, rotation and rounding are drawn by `key`.
  ///
  /// Different clients, rounds and segments need different keys, else their errors don't average
  /// out.
  ///
  /// - Throws: ``CodecError/notFinite(index:)`` or ``CodecError/tooLarge(index:limit:)``.
  public func encode(_ values: ParameterVector, key: UInt64) throws(CodecError) -> [UInt8] {
    try plan(values.layout).encode(values.scalars, seed: key)
  }

  /// Refuses bytes that aren't those of a segment of `layout`.
  public func check(_ bytes: [UInt8], layout: ParameterLayout) throws(CodecError) {
    try plan(layout).check(bytes)
  }

  /// The values of the bytes.
  public func decode(
    _ bytes: [UInt8], layout: ParameterLayout
  ) throws(CodecError) -> ParameterVector {
    var scalars = [Float](repeating: 0, count: layout.count)
    try plan(layout).add(bytes, weight: 1, to: &scalars, at: 0)
    return ParameterVector(layout: layout, scalars: scalars)
  }

  /// Adds `weight` times the values of the bytes to `sums` from `offset` on, or throws and doesn't.
  public func fold(
    _ bytes: [UInt8], layout: ParameterLayout, weight: Float, into sums: inout [Float],
    at offset: Int = 0
  ) throws(CodecError) {
    try plan(layout).add(bytes, weight: weight, to: &sums, at: offset)
  }

  /// Expands and checks the bytes of a segment, which can then be added to several sums.
  ///
  /// - Throws: ``CodecError`` for bytes that aren't those of a segment of `layout`.
  public func checked(
    _ bytes: [UInt8], layout: ParameterLayout
  ) throws(CodecError) -> CheckedSegment {
    let plan = plan(layout)
    return CheckedSegment(layout: layout, plan: plan, bytes: try plan.check(bytes))
  }

  /// The codec of the segment called `name`.
  public func spec(of name: String) -> CodecSpec { overrides[name] ?? spec }

  /// True if all tensors of a segment travel as they are, so that nothing of it is lost.
  public func isExact(for layout: ParameterLayout) -> Bool {
    spec(of: layout.name) == .dense32
      || layout.parameters.indices.allSatisfy { travelsAsItIs($0, of: layout) }
  }

  /// True for a tensor that isn't coded, whatever the codec: running statistics, and few values.
  private func travelsAsItIs(_ index: Int, of layout: ParameterLayout) -> Bool {
    layout.parameters[index].role == .buffer || layout.range(of: index).count < smallTensorLimit
  }

  private func plan(_ layout: ParameterLayout) -> SegmentPlan {
    let spec = spec(of: layout.name)
    let coded = TensorCodec(spec)
    let dense = TensorCodec(.dense32)
    let tensors = layout.parameters.indices.map { index in
      let values = layout.range(of: index)
      precondition(values.count <= Int32.max, "\(values.count) values in one tensor")
      return (values: values, codec: travelsAsItIs(index, of: layout) ? dense : coded)
    }
    return SegmentPlan(tensors: tensors, isCompressed: spec.isCompressed)
  }
}
