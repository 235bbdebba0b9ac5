import Ledger
import Measures

extension Double {
  /// Three significant digits with a decimal prefix: "640", "1.20 k", "3.57 G".
  package var brief: String {
    let prefixes = ["", "k", "M", "G", "T", "P", "E", "Z"]
    var value = self
    var prefix = 0
    while value.magnitude >= 999.5, prefix < prefixes.count - 1 {
      value /= 1000
      prefix += 1
    }
    let whole = prefix == 0 && value == value.rounded()
    let decimals =
      whole || value.magnitude >= 99.95 ? 0 : value.magnitude >= 9.995 ? 1 : 2
    return value.fixed(decimals) + (prefix > 0 ? " " + prefixes[prefix] : "")
  }

  /// The number as a percentage: "87.1 %"; `decimals` digits after the point.
  func percent(_ decimals: Int = 1) -> String { (100 * self).fixed(decimals) + " %" }
}

extension Double {
  /// Three significant digits, with a power of ten where the number is small: "0.0321", "4.12e-5".
  var scientific: String {
    guard isFinite, self != 0, magnitude < 0.995 else { return brief }
    var (mantissa, power) = (self, 0)
    while mantissa.magnitude < 0.9995 {
      mantissa *= 10
      power -= 1
    }
    return power >= -3 ? fixed(2 - power) : "\(mantissa.fixed(2))e\(power)"
  }
}

extension Duration {
  /// The two leading units: "850 ms", "12.3 s", "4 m 10 s", "3 h 12 m", "2 d 4 h".
  package var brief: String {
    let seconds = max(0, self.seconds)
    if seconds < 0.9995 { return "\((1000 * seconds).fixed(0)) ms" }
    if seconds < 59.95 { return "\(seconds.fixed(seconds < 9.995 ? 2 : 1)) s" }
    guard seconds < 1e15 else { return "for ever" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) m \(whole % 60) s" }
    let minutes = Int((seconds / 60).rounded())
    if minutes < 1440 { return "\(minutes / 60) h \(minutes % 60) m" }
    let hours = Int((seconds / 3600).rounded())
    return "\(hours / 24) d \(hours % 24) h"
  }
}

extension Measure.Format {
  /// The text of a value.
  func text(_ value: Double) -> String {
    switch self {
    case .count: value.fixed(0)
    case .bytes: ByteCount(Int(value)).description
    case .duration: Duration.seconds(value).brief
    case .percent(let decimals): value.percent(decimals)
    case .fixed(let decimals): value.fixed(decimals)
    case .scientific: value.scientific
    case .brief: value.brief
    }
  }
}
