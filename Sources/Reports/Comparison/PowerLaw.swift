import Foundation

/// A power law y = c · x^k through some points, fitted by least squares on the logarithms of both.
package struct PowerLaw: Hashable, Sendable {
  /// The exponent k: the slope in a picture whose axes are both logarithmic.
  package let slope: Double
  /// The decimal logarithm of c.
  package let intercept: Double
  /// The share of the logarithms' variance that the law explains, R²; 1 where all points lie on it.
  package let rSquared: Double
  /// How many points it was fitted to.
  package let points: Int

  /// The law through `points`, those left out that have no logarithms; nil unless two abscissas differ.
  package init?(through points: [(x: Double, y: Double)]) {
    let logarithms = points.compactMap { point -> (x: Double, y: Double)? in
      guard point.x > 0, point.y > 0, point.x.isFinite, point.y.isFinite else { return nil }
      return (log10(point.x), log10(point.y))
    }
    let count = Double(logarithms.count)
    guard count > 1 else { return nil }
    let x = logarithms.reduce(0) { $0 + $1.x } / count
    let y = logarithms.reduce(0) { $0 + $1.y } / count
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for point in logarithms {
      xx += (point.x - x) * (point.x - x)
      xy += (point.x - x) * (point.y - y)
      yy += (point.y - y) * (point.y - y)
    }
    guard xx > 0 else { return nil }
    slope = xy / xx
    intercept = y - slope * x
    rSquared = yy > 0 ? xy * xy / (xx * yy) : 1
    self.points = logarithms.count
  }

  /// The value at `x`, which is above 0.
  func value(at x: Double) -> Double { pow(10, intercept + slope * log10(x)) }
}

extension PowerLaw: Encodable {
  private enum CodingKeys: String, CodingKey {
    case slope, intercept, rSquared, points
  }
}
