import Measures
import Tensors

/// Scalar i is uniform in center ± bound: the rule that Fixtures/generate.py follows, too.
func fill(key: UInt64, count: Int, bound: Double, center: Double = 0) -> [Float] {
  let stream = RandomStream(key: key)
  return (0..<count).map { index in
    let bits = Double(stream.value(at: UInt64(index)) >> 40)
    return Float(center + (bits * 0x1p-23 - 1) * bound)
  }
}

extension ParameterVector {
  /// Parameters filled from keys counted from `key` on.
  ///
  /// Weights and their biases are within ±1/√fan-in, a normalization's shifts and running means
  /// within ±1/4, its scales and running variances within 1 ± 1/4.
  init(filling layout: ParameterLayout, key: inout UInt64) {
    var (scalars, bound) = ([Float](), 1.0)
    for parameter in layout.parameters {
      let count = parameter.shape.count
      switch parameter.role {
      case .weight, .bias:
        if parameter.role == .weight {
          bound = 1 / Double(parameter.shape.dimensions.dropFirst().reduce(1, *)).squareRoot()
        }
        scalars += fill(key: key, count: count, bound: bound)
      case .scale, .buffer:
        let isCentered = parameter.name.hasSuffix("bias") || parameter.name.hasSuffix("mean")
        scalars += fill(key: key, count: count, bound: 0.25, center: isCentered ? 0 : 1)
      }
      key += 1
    }
    self.init(layout: layout, scalars: scalars)
  }
}
