import Measures

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
