/// A random rotation, then stochastic rounding to even levels of each block; unbiased.
///
/// Each block of d rotated values: minimum and step, both divided by d, as floats, then d codes; at
/// last the unrotated values as floats.
struct HadamardQuantizer: Quantizer {
  let bits: Int

  private static let header = 8

  var needsSeed: Bool { true }

  func size(of count: Int) -> Int {
    let rotation = Rotation(of: count)
    return rotation.blocks.reduce(4 * rotation.tail.count) { $0 + blockSize(of: $1.length) }
  }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    let rotation = Rotation(of: values.count)
    var firstCode = 0
    for (index, block) in rotation.blocks.enumerated() {
      var rotated = Array(values.part(block.values))
      rotated.append(contentsOf: repeatElement(0, count: block.length - block.values.count))
      let key = Rotation.key(keys.rotation, block: index, pass: 0)
      Kernels.flipSigns(&rotated, count: block.length, key: key)
      Kernels.hadamard(&rotated, count: block.length)
      let scale = LinearScale(of: rotated[...], bits: bits)
      let length = Float(block.length)
      LinearScale(base: scale.base / length, step: scale.step / length).append(to: &writer)
      Kernels.roundLinearly(
        rotated[...], base: scale.base, inverse: scale.inverse, top: Float(1 << bits - 1),
        bits: bits, key: keys.rounding, firstIndex: firstCode, into: &writer)
      firstCode += block.length
    }
    Kernels.appendFloats(values.part(rotation.tail), to: &writer)
  }

  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError) {
    let rotation = Rotation(of: count)
    var start = 0
    for block in rotation.blocks {
      guard LinearScale(payload, at: start).isValid(bits: bits) else {
        throw .invalidScale(offset: payload.startIndex + start)
      }
      start += blockSize(of: block.length)
    }
    guard Kernels.areWithin(Magnitude.limit, payload.dropFirst(start)) else {
      throw .invalidValue(offset: payload.startIndex + start)
    }
  }

  func add(
    _ payload: ArraySlice<UInt8>, count: Int, keys: TensorKeys, weight: Float,
    to sums: inout [Float], at offset: Int
  ) {
    let rotation = Rotation(of: count)
    var start = 0
    for (index, block) in rotation.blocks.enumerated() {
      let scale = LinearScale(payload, at: start)
      let codes = payload.part(
        from: start + Self.header, count: blockSize(of: block.length) - Self.header)
      start += blockSize(of: block.length)
      var values = [Float](repeating: 0, count: block.length)
      Kernels.addLinear(
        codes, count: block.length, bits: bits, base: scale.base, step: scale.step, weight: 1,
        to: &values, at: 0)
      Kernels.hadamard(&values, count: block.length)
      let key = Rotation.key(keys.rotation, block: index, pass: 0)
      Kernels.flipSigns(&values, count: block.length, key: key)
      Kernels.add(
        values, count: block.values.count, weight: weight, to: &sums,
        at: offset + block.values.lowerBound)
    }
    Kernels.addFloats(
      payload.dropFirst(start), weight: weight, to: &sums, at: offset + rotation.tail.lowerBound)
  }

  private func blockSize(of length: Int) -> Int {
    Self.header + Kernels.packedSize(of: length, bits: bits)
  }
}
