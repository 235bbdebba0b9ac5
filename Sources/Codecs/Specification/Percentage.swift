/// A share between nothing and all, exact to a ten-thousandth of a percent.
public struct Percentage: Hashable, Sendable {
  /// The share in parts per million, 1…999,999.
  public let partsPerMillion: Int

  /// A share of `partsPerMillion`; nil unless more than nothing and less than all.
  public init?(partsPerMillion: Int) {
    guard (1..<1_000_000).contains(partsPerMillion) else { return nil }
    self.partsPerMillion = partsPerMillion
  }

  /// A share as in "25" or "0.1", with at most four decimals; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = Self.number(parts[0], digits: 1...2) else {
      return nil
    }
    var millionths = whole * 10_000
    if parts.count == 2 {
      guard var decimals = Self.number(parts[1], digits: 1...4) else { return nil }
      for _ in parts[1].count..<4 { decimals *= 10 }
      millionths += decimals
    }
    self.init(partsPerMillion: millionths)
  }

  /// The share as a fraction, p in the formulas.
  public var fraction: Double { Double(partsPerMillion) / 1e6 }

  /// The share of `count`, rounded up: k = ⌈p·n⌉, so at least one of one.
  public func count(of count: Int) -> Int {
    (count * partsPerMillion + 999_999) / 1_000_000
  }

  private static func number(_ text: some Collection<UInt8>, digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.count) else { return nil }
    var value = 0
    for digit in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = 10 * value + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }
}

extension Percentage: CustomStringConvertible {
  /// The number of percent without needless zeros: "25", "0.1".
  public var description: String {
    let (whole, decimals) = partsPerMillion.quotientAndRemainder(dividingBy: 10_000)
    guard decimals > 0 else { return "\(whole)" }
    var digits = String(String(decimals + 10_000).dropFirst())
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)"
  }
}
