/// 32-bit floats, as they are: 4 bytes a value.
struct DenseQuantizer: Quantizer {
  /// The largest magnitude that is sent.
  let limit: Float

  func size(of count: Int) -> Int { 4 * count }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    Kernels.appendFloats(values, to: &writer)
  }

  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError) {
    guard Kernels.areWithin(limit, payload) else { throw .invalidValue(offset: payload.startIndex) }
  }

  func add(
    _ payload: ArraySlice<UInt8>, count: Int, keys: TensorKeys, weight: Float,
    to sums: inout [Float], at offset: Int
  ) {
    Kernels.addFloats(payload, weight: weight, to: &sums, at: offset)
  }
}
