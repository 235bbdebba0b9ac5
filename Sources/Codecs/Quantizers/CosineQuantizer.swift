import Foundation

/// Stochastic rounding to even angles between the vector and the axes; unbiased.
///
/// CosSGD (He, Zenk, Fritz, 2020): the norm and the widest angle φ from the plane as floats, then
/// codes of the levels ‖x‖·sin(φ·(2c/(2^bits − 1) − 1)). Rounding is unbiased in the value, not the
/// angle.
struct CosineQuantizer: Quantizer {
  let bits: Int

  private static let header = 8
  /// Values decoded at a time.
  private static let chunk = 4096

  func size(of count: Int) -> Int { Self.header + Kernels.packedSize(of: count, bits: bits) }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    let exact = Float(Kernels.squareSum(values).squareRoot())
    let norm = exact < Magnitude.negligible ? 0 : exact
    let range = Kernels.range(of: values) ?? 0...0
    let largest = max(-range.lowerBound, range.upperBound)
    let angle = norm > 0 ? Float(asin(min(1, Double(largest) / Double(norm)))) : 0
    writer.append(norm)
    writer.append(angle)
    Kernels.roundToLevels(
      values, levels: levels(norm: norm, angle: angle), bits: bits, key: keys.rounding,
      into: &writer)
  }

  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError) {
    guard (0...Magnitude.scaleLimit).contains(payload.float(at: 0)),
      (0...2).contains(payload.float(at: 4))
    else { throw .invalidScale(offset: payload.startIndex) }
  }

  func add(
    _ payload: ArraySlice<UInt8>, count: Int, keys: TensorKeys, weight: Float,
    to sums: inout [Float], at offset: Int
  ) {
    let levels = levels(norm: payload.float(at: 0), angle: payload.float(at: 4))
    var values = [Float](repeating: 0, count: min(count, Self.chunk))
    for start in stride(from: 0, to: count, by: Self.chunk) {
      let some = min(Self.chunk, count - start)
      let codes = payload.part(
        from: Self.header + start / 8 * bits, count: Kernels.packedSize(of: some, bits: bits))
      Kernels.readLevels(codes, count: some, bits: bits, levels: levels, into: &values)
      Kernels.add(values, count: some, weight: weight, to: &sums, at: offset + start)
    }
  }

  private func levels(norm: Float, angle: Float) -> [Float] {
    let last = Double(1 << bits - 1)
    return (0..<1 << bits).map { code in
      Float(Double(norm) * sin(Double(angle) * (2 * Double(code) / last - 1)))
    }
  }
}
