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

/// Stochastic rounding to even levels of ±‖x‖₂; unbiased.
///
/// Zero stays zero, but for one in 10⁵ at 8 bits that float arithmetic takes to a neighbouring
/// level. The norm as a float, then codes from 0 for −‖x‖ over s for zero to 2s for ‖x‖, s =
/// 2^(bits−1) − 1: QSGD of Alistarh et al., NeurIPS 2017, with s levels and codes of fixed length.
struct QSGDQuantizer: Quantizer {
  let bits: Int

  private var levels: Float { Float(1 << (bits - 1) - 1) }

  func size(of count: Int) -> Int { 4 + Kernels.packedSize(of: count, bits: bits) }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    let exact = Float(Kernels.squareSum(values).squareRoot())
    let norm = exact < Magnitude.negligible ? 0 : exact
    writer.append(norm)
    Kernels.roundLinearly(
      values, base: -norm, inverse: norm > 0 ? levels / norm : 0, top: 2 * levels, bits: bits,
      key: keys.rounding, into: &writer)
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
      payload.dropFirst(4), count: count, bits: bits, base: 0, step: payload.float(at: 0) / levels,
      zero: levels, weight: weight, to: &sums, at: offset)
  }
}
