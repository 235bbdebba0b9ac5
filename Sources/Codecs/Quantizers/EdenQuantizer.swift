/// A random rotation, the nearest levels of a normal distribution, and one scale per block.
///
/// DRIVE (Vargaftik et al., NeurIPS 2021) for 1 bit and EDEN (ICML 2022) for more. With z =
/// y·√d/‖x‖ for the rotated block y of d values and q its levels, the scale is ‖y‖²/⟨q, y⟩ without
/// bias or ⟨q, y⟩/‖q‖² of least error. Each block: the scale divided by d, a float, then d codes;
/// at last the unrotated values as floats. Expected squared error relative to ‖x‖², without bias:
/// .571, .133, .036, .0096 for 1…4 bits.
///
/// Signs and transform are applied twice, so that also sparse values come near a normal
/// distribution.
struct EdenQuantizer: Quantizer {
  let codebook: Codebook
  let scale: CodecSpec.EdenScale

  private static let passes = 2

  init(bits: Int, scale: CodecSpec.EdenScale) {
    codebook = .normal[bits - 1]
    self.scale = scale
  }

  var needsSeed: Bool { true }

  func size(of count: Int) -> Int {
    let rotation = Rotation(of: count)
    return rotation.blocks.reduce(4 * rotation.tail.count) { $0 + blockSize(of: $1.length) }
  }

  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter) {
    let rotation = Rotation(of: values.count)
    var levels = [Float](repeating: 0, count: scale == .leastError ? rotation.longest : 0)
    for (index, block) in rotation.blocks.enumerated() {
      var rotated = Array(values.part(block.values))
      let squares = Kernels.squareSum(rotated[...])
      rotated.append(contentsOf: repeatElement(0, count: block.length - block.values.count))
      for pass in 0..<Self.passes {
        let key = Rotation.key(keys.rotation, block: index, pass: pass)
        Kernels.flipSigns(&rotated, count: block.length, key: key)
        Kernels.hadamard(&rotated, count: block.length)
      }
      // The transform isn't normalized: the rotated block is y·d.
      let header = writer.extend(by: 4)
      let norm = Float((squares * Double(block.length)).squareRoot())
      let isNegligible = norm < Magnitude.negligible
      let codes = writer.bytes.count
      let product = Kernels.roundToNearest(
        rotated[...], scale: isNegligible ? 0 : 1 / norm, codebook: codebook, into: &writer)
      guard !isNegligible, product > 0 else { continue }
      switch scale {
      case .unbiased: writer.set(Float(squares / product), at: header)
      case .leastError:
        Kernels.readLevels(
          writer.bytes[codes...], count: block.length, bits: codebook.bits,
          levels: codebook.levels, into: &levels)
        let levelSquares = Kernels.squareSum(levels[..<block.length])
        let squaredLength = Double(block.length) * Double(block.length)
        writer.set(Float(product / levelSquares / squaredLength), at: header)
      }
    }
    Kernels.appendFloats(values.part(rotation.tail), to: &writer)
  }

  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError) {
    let rotation = Rotation(of: count)
    var start = 0
    for block in rotation.blocks {
      guard (0...Magnitude.limit).contains(payload.float(at: start)) else {
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
    var values = [Float](repeating: 0, count: rotation.longest)
    var start = 0
    for (index, block) in rotation.blocks.enumerated() {
      let scale = payload.float(at: start)
      let codes = payload.part(from: start + 4, count: blockSize(of: block.length) - 4)
      start += blockSize(of: block.length)
      Kernels.readLevels(
        codes, count: block.length, bits: codebook.bits,
        levels: codebook.levels.map { scale * $0 }, into: &values)
      for pass in (0..<Self.passes).reversed() {
        let key = Rotation.key(keys.rotation, block: index, pass: pass)
        Kernels.hadamard(&values, count: block.length)
        Kernels.flipSigns(&values, count: block.length, key: key)
      }
      Kernels.add(
        values, count: block.values.count, weight: weight, to: &sums,
        at: offset + block.values.lowerBound)
    }
    Kernels.addFloats(
      payload.dropFirst(start), weight: weight, to: &sums, at: offset + rotation.tail.lowerBound)
  }

  private func blockSize(of length: Int) -> Int {
    4 + Kernels.packedSize(of: length, bits: codebook.bits)
  }
}
