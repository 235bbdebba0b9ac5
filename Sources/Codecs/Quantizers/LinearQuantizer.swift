/// Stochastic rounding to 2^bits even levels from minimum to maximum; unbiased.
///
/// Each block: minimum and step as floats, then the packed codes. A value becomes ⌊(x − min)/step +
/// u⌋, u uniform in [0, 1).
struct LinearQuantizer: Quantizer {
  let bits: Int
  /// Values per block; nil for the whole tensor.
  let block: Int?

  private static let header = 8

  func size(of count: Int) -> Int {
    let length = block ?? count
    let (whole, rest) = count.quotientAndRemainder(dividingBy: length)
    return whole * blockSize(of: length) + (rest > 0 ? blockSize(of: rest) : 0)
  }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    forEachBlock(of: values.count) { range, _ in
      let part = values.part(range)
      let scale = LinearScale(of: part, bits: bits)
      scale.append(to: &writer)
      Kernels.roundLinearly(
        part, base: scale.base, inverse: scale.inverse, top: Float(1 << bits - 1), bits: bits,
        key: keys.rounding, firstIndex: range.lowerBound, into: &writer)
    }
  }

  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError) {
    let length = block ?? count
    for offset in stride(from: 0, to: payload.count, by: blockSize(of: length)) {
      guard LinearScale(payload, at: offset).isValid(bits: bits) else {
        throw .invalidScale(offset: payload.startIndex + offset)
      }
    }
  }

  func add(
    _ payload: ArraySlice<UInt8>, count: Int, keys: TensorKeys, weight: Float,
    to sums: inout [Float], at offset: Int
  ) {
    forEachBlock(of: count) { range, start in
      let scale = LinearScale(payload, at: start)
      let codes = payload.part(
        from: start + Self.header, count: blockSize(of: range.count) - Self.header)
      Kernels.addLinear(
        codes, count: range.count, bits: bits, base: scale.base, step: scale.step, weight: weight,
        to: &sums, at: offset + range.lowerBound)
    }
  }

  private func blockSize(of count: Int) -> Int {
    Self.header + Kernels.packedSize(of: count, bits: bits)
  }

  /// Calls `body` with each block's values and where its bytes start.
  private func forEachBlock(of count: Int, _ body: (Range<Int>, Int) -> Void) {
    let length = block ?? count
    var bytes = 0
    for start in stride(from: 0, to: count, by: length) {
      let range = start..<min(start + length, count)
      body(range, bytes)
      bytes += blockSize(of: range.count)
    }
  }
}
