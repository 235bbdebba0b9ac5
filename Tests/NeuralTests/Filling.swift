import Measures
import Tensors

/// Scalar i is uniform in ±bound: the rule that Fixtures/generate.py follows, too.
func fill(key: UInt64, count: Int, bound: Double) -> [Float] {
  let stream = RandomStream(key: key)
  return (0..<count).map { index in
    let bits = Double(stream.value(at: UInt64(index)) >> 40)
    return Float((bits * 0x1p-23 - 1) * bound)
  }
}

extension ParameterVector {
  /// Parameters filled from keys counted from `key` on, weights and their biases within ±1/√fan-in.
  init(filling layout: ParameterLayout, key: inout UInt64) {
    var (scalars, bound) = ([Float](), 1.0)
    for parameter in layout.parameters {
      if parameter.role == .weight {
        bound = 1 / Double(parameter.shape.dimensions.dropFirst().reduce(1, *)).squareRoot()
      }
      scalars += fill(key: key, count: parameter.shape.count, bound: bound)
      key += 1
    }
    self.init(layout: layout, scalars: scalars)
  }
}
