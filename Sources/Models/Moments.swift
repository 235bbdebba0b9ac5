import Foundation

/// The mean and the variance of a channel over samples and positions.
struct Moments: Hashable {
  var mean: Double
  var variance: Double

  init(mean: Double, variance: Double) {
    self.mean = mean
    self.variance = variance
  }

  /// Those of max(x, 0), x being normal with these.
  var rectified: Moments {
    guard variance > 0 else { return Moments(mean: max(mean, 0), variance: 0) }
    let deviation = variance.squareRoot()
    let ratio = mean / deviation
    let positive = erfc(-ratio / 2.0.squareRoot()) / 2
    let density = exp(-ratio * ratio / 2) / (2 * .pi).squareRoot()
    let first = mean * positive + deviation * density
    let second = (mean * mean + variance) * positive + mean * deviation * density
    return Moments(mean: first, variance: max(0, second - first * first))
  }

  /// Those of the value times `factor`.
  func scaled(by factor: Double) -> Moments {
    Moments(mean: factor * mean, variance: factor * factor * variance)
  }

  /// Those of `channels` of equal extent taken together.
  init(of channels: [Moments]) {
    let count = Double(channels.count)
    mean = channels.reduce(0) { $0 + $1.mean } / count
    let square = channels.reduce(0) { $0 + $1.variance + $1.mean * $1.mean } / count
    variance = max(0, square - mean * mean)
  }

  /// Those of the sum of independent values.
  static func + (one: Moments, other: Moments) -> Moments {
    Moments(mean: one.mean + other.mean, variance: one.variance + other.variance)
  }
}
