import Foundation

extension RandomStream {
  /// The next standard normal number (Box and Muller, 1958; two uniforms each).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// The next exponentially distributed number of the given mean.
  public mutating func exponential(mean: Double) -> Double { -mean * log(1 - uniform()) }

  /// The next Gamma(shape, 1) number (Marsaglia and Tsang, 2000), for `shape` > 0.
  public mutating func gamma(shape: Double) -> Double {
    precondition(shape > 0, "shape \(shape) isn't positive")
    guard shape >= 1 else {
      // Boosting: Gamma(a) = Gamma(a + 1) · U^(1/a).
      let boost = pow(1 - uniform(), 1 / shape)
      return gamma(shape: shape + 1) * boost
    }
    let d = shape - 1 / 3.0
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      if v > 0, log(1 - uniform()) < 0.5 * x * x + d * (1 - v + log(v)) { return d * v }
    }
  }
}
