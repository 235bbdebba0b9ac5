import Foundation
public import Measures

/// How a positive quantity differs among clients.
public enum Distribution: Hashable, Sendable {
  /// All have the same.
  case constant(Double)
  /// Evenly between two bounds.
  case uniform(ClosedRange<Double>)
  /// Normal, cut at a tenth of the mean from below.
  case normal(mean: Double, deviation: Double)
  /// Log-normal: half have less than the median; sigma is the deviation of the logarithm.
  case logNormal(median: Double, sigma: Double)

  /// Draws one client's quantity.
  public func sample(using random: inout RandomStream) -> Double {
    switch self {
    case .constant(let value): value
    case .uniform(let bounds):
      bounds.lowerBound + random.uniform() * (bounds.upperBound - bounds.lowerBound)
    case .normal(let mean, let deviation): max(mean / 10, mean + deviation * random.normal())
    case .logNormal(let median, let sigma): median * exp(sigma * random.normal())
    }
  }
}
