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
