/// Signs times the mean magnitude: 1 bit a value; biased.
///
/// The mean magnitude μ as a float, then a bit per value, 1 for positive.
struct SignQuantizer: Quantizer {
  func size(of count: Int) -> Int { 4 + Kernels.packedSize(of: count, bits: 1) }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    writer.append(Float(Kernels.absoluteSum(values) / Double(values.count)))
    _ = Kernels.roundToNearest(values, scale: 1, codebook: .signs, into: &writer)
  }

  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError) {
    guard (0...Magnitude.scaleLimit).contains(payload.float(at: 0)) else {
      throw .invalidScale(offset: payload.startIndex)
    }
  }

  func add(
    _ payload: ArraySlice<UInt8>, count: Int, keys: TensorKeys, weight: Float,
    to sums: inout [Float], at offset: Int
  ) {
    Kernels.addLinear(
      payload.dropFirst(4), count: count, bits: 1, base: 0, step: 2 * payload.float(at: 0),
      zero: 0.5, weight: weight, to: &sums, at: offset)
  }
}
