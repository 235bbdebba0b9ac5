/// The lowest level and the distance between levels of evenly rounded values.
struct LinearScale {
  let base: Float
  let step: Float

  /// The levels of `bits` that span the values.
  init(of values: ArraySlice<Float>, bits: Int) {
    let range = Kernels.range(of: values) ?? 0...0
    let width = range.upperBound - range.lowerBound
    let step = width / Float(1 << bits - 1)
    let isConstant = width < Magnitude.negligible
    self.base = isConstant ? range.lowerBound + width / 2 : range.lowerBound
    self.step = isConstant ? 0 : step
  }

  /// The levels as sent, `offset` bytes from the start.
  init(_ payload: ArraySlice<UInt8>, at offset: Int) {
    base = payload.float(at: offset)
    step = payload.float(at: offset + 4)
  }

  init(base: Float, step: Float) {
    self.base = base
    self.step = step
  }

  /// The factor from distances to levels.
  var inverse: Float { step > 0 ? 1 / step : 0 }

  func append(to writer: inout ByteWriter) {
    writer.append(base)
    writer.append(step)
  }

  /// True if all levels are finite and of believable size.
  func isValid(bits: Int) -> Bool {
    // Comparisons with not-a-number are false.
    abs(base) <= Magnitude.scaleLimit && step >= 0
      && step * Float(1 << bits - 1) <= Magnitude.scaleLimit
  }
}
