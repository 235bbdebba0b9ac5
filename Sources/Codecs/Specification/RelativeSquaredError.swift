import Measures

extension CodecSpec {
  /// The squared error of one encoding, relative to the squared norm of what is encoded.
  ///
  /// Measured, on as many values as a small layer has, normally distributed around magnitudes that
  /// are exponentially distributed themselves, as those of an update are: most are small. Above 1
  /// the values are lost in the error, and a memory of what was left out grows from encoding to
  /// encoding.
  ///
  /// - Throws: ``CodecError``, if the codec fails on its own bytes.
  public func relativeSquaredError() throws(CodecError) -> Double {
    var stream = RandomStream(seed: 1)
    let values = (0..<16_384).map { _ in Float(stream.normal() * stream.exponential(mean: 0.01)) }
    let codec = Codec(self)
    let bytes = try codec.encode(values, key: 1)
    return try codec.decode(bytes, count: values.count).relativeSquaredError(of: values)
  }
}

extension Array<Float> {
  /// The squared error of these decoded values, relative to the squared norm of the `exact` ones;
  /// as many of both.
  func relativeSquaredError(of exact: [Float]) -> Double {
    var (error, norm) = (0.0, 0.0)
    for index in indices {
      let value = Double(exact[index])
      error += (Double(self[index]) - value) * (Double(self[index]) - value)
      norm += value * value
    }
    return error / norm
  }
}
