import Foundation

/// A map from values to pixels, with the values worth a mark.
package struct Scale {
  /// The spread of values.
  package enum Kind: Hashable, Sendable {
    case linear, logarithmic
    /// Linear, in seconds: marked at round minutes, hours and days.
    case time
  }

  let kind: Kind
  package let domain: ClosedRange<Double>
  /// The places of the domain's ends; the first may be the larger one, as it is for heights.
  let pixels: (Double, Double)

  /// A scale that covers `values`: widened to full steps unless tight, and to something where there
  /// is nothing.
  ///
  /// Values that a logarithm doesn't take are passed over.
  package init(
    covering values: [Double], kind: Kind, fromZero: Bool = false, isTight: Bool = false,
    pixels: (Double, Double)
  ) {
    self.kind = kind
    self.pixels = pixels
    let usable = values.filter { $0.isFinite && (kind != .logarithmic || $0 > 0) }
    guard let least = usable.min(), let most = usable.max() else {
      domain = kind == .logarithmic ? 1...10 : 0...1
      return
    }
    switch kind {
    case .logarithmic:
      let upper = pow(10, log10(most).rounded(.up))
      let lower = pow(10, log10(least).rounded(.down))
      domain = lower < upper ? lower...upper : lower...(10 * lower)
    case .linear, .time:
      let lower = fromZero ? min(0, least) : least
      let span = most > lower ? most - lower : max(1, abs(most))
      if isTight, most > lower {
        domain = lower...most
        return
      }
      let step = Self.step(span / 5, kind)
      let first = (lower / step).rounded(.down) * step
      let last = (most / step).rounded(.up) * step
      domain = first < last ? first...last : first...(first + step)
    }
  }

  /// The place of `value` in pixels; values outside of the domain lie on its border.
  package func position(_ value: Double) -> Double {
    let inside = min(max(value, domain.lowerBound), domain.upperBound)
    let share =
      switch kind {
      case .linear, .time: (inside - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
      case .logarithmic:
        log(inside / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
      }
    return pixels.0 + share * (pixels.1 - pixels.0)
  }

  /// Some five round values in the domain; on a logarithmic scale, powers of ten, and 2 and 5 times
  /// these.
  package var ticks: [Double] {
    switch kind {
    case .linear, .time:
      let step = Self.step((domain.upperBound - domain.lowerBound) / 5, kind)
      let first = (domain.lowerBound / step - 1e-9).rounded(.up) * step
      let count = Int(((domain.upperBound - first) / step + 1e-9).rounded(.down))
      return (0...max(0, count)).map { first + Double($0) * step }
    case .logarithmic:
      let decades = Int((log10(domain.upperBound / domain.lowerBound)).rounded())
      let first = log10(domain.lowerBound).rounded()
      let factors = decades <= 2 ? [1.0, 2, 5] : [1]
      let powers = stride(from: 0, through: decades, by: max(1, decades / 6))
      return powers.flatMap { power in factors.map { $0 * pow(10, first + Double(power)) } }
        .filter { $0 <= domain.upperBound * (1 + 1e-9) }
    }
  }

  /// The smallest of 1, 2, 5, 10 times a power of ten that isn't below `least`; of times, what
  /// clocks show.
  private static func step(_ least: Double, _ kind: Kind) -> Double {
    guard least > 0, least.isFinite else { return 1 }
    if kind == .time, least > 10 {
      let times = [15.0, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200]
      if let time = times.first(where: { $0 >= least }) { return time }
      return 86400 * step(least / 86400, .linear)
    }
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * (1 - 1e-9) } ?? 10 * power
  }
}
