/// A number in decimal as people and programs write it: "12", "-0.8", "1.5e-3".
///
/// Nothing else is one: no hexadecimal number, no infinity, no comma, no sign or digit of other
/// scripts, no space.
public struct DecimalNumber: Hashable, Sendable {
  private let isNegative: Bool
  /// The digits as ASCII, without the zeros that lead.
  private let digits: [UInt8]
  /// The power of ten that the last digit counts.
  private let exponent: Int
  /// The nearest `Double`; finite.
  public let value: Double

  /// Reads all of `text`; nil if it isn't such a number, or too large for a `Double`.
  public init?(_ text: some StringProtocol) {
    var rest = Array(text.utf8)[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    let whole = rest.prefix(while: Self.isDigit)
    rest = rest.dropFirst(whole.count)
    var decimals = rest.prefix(0)
    if rest.first == UInt8(ascii: ".") {
      decimals = rest.dropFirst().prefix(while: Self.isDigit)
      rest = rest.dropFirst(1 + decimals.count)
    }
    guard whole.count + decimals.count > 0 else { return nil }
    var power = 0
    if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      let sign = rest.dropFirst().first
      let hasSign = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
      let number = rest.dropFirst(hasSign ? 2 : 1)
      guard (1...6).contains(number.count), number.allSatisfy(Self.isDigit),
        let magnitude = Int(String(decoding: number, as: UTF8.self))
      else { return nil }
      power = sign == UInt8(ascii: "-") ? -magnitude : magnitude
      rest = []
    }
    guard rest.isEmpty, let value = Double(text), value.isFinite else { return nil }
    self.value = value
    digits = Array((whole + decimals).drop { $0 == UInt8(ascii: "0") })
    exponent = power - decimals.count
  }

  /// The number times 10 to the `power`, if that is whole and not beyond what is counted.
  public func scaled(by power: Int) -> Int128? {
    var (digits, shift) = (digits[...], exponent + power)
    while shift < 0, digits.last == UInt8(ascii: "0") {
      digits.removeLast()
      shift += 1
    }
    guard !digits.isEmpty else { return 0 }
    guard shift >= 0, digits.count + shift <= 38 else { return nil }
    let number = digits.reduce(Int128(0)) { 10 * $0 + Int128($1 - UInt8(ascii: "0")) }
    let scaled = (0..<shift).reduce(number) { power, _ in 10 * power }
    return isNegative ? -scaled : scaled
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

extension Double {
  /// The number with exactly `decimals` digits after the point, rounded half away from zero,
  /// whatever the locale.
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
