extension Double {
  /// The number with exactly `decimals` digits after the point, rounded half away from zero, whatever the locale.
  ///
  /// Not-a-number and infinities are spelled `nan`, `inf`, `-inf`.
  public func fixed(_ decimals: Int) -> String {
    precondition((0...15).contains(decimals), "\(decimals) decimals")
    guard isFinite else { return "\(self)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (magnitude * scale).rounded()
    guard scaled < 9e18 else { return "\(self)" }
    let digits = String(UInt64(scaled))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }
}
