/// A part of a whole, or a multiple of it, exactly as it is written in decimal: 0.28 is 28
/// hundredths.
///
/// Binary floating point holds 1.1 as a little more than that, so that 1.1 times 100 clients would
/// be 111 once it is rounded up. Numbers of things are computed from shares, never from the
/// `Double` next to one.
public struct Share: Hashable, Sendable {
  /// The direction in which a number of things is made whole.
  public enum Rounding: Sendable {
    /// To the next whole number that isn't less.
    case up
    /// To the next whole number that isn't more.
    case down
    /// To the nearest whole number, halves away from zero.
    case nearest
  }

  /// The share in terms of 10⁻²⁴.
  private let units: Int128

  /// The number of decimals that are kept; a number with more of them is no share.
  public static let decimals = 24
  private static let unit: Int128 = 1_000_000_000_000_000_000_000_000
  /// The bound below which shares lie, on either side of zero.
  private static let limit = 1_000_000 * unit

  private init(units: Int128) { self.units = units }

  /// Reads a number such as "0.8", "12" or "8e-1", or percent where `isPercent`.
  ///
  /// Nil for anything else, for a million and more, and for what has more decimals than are kept.
  public init?(_ text: some StringProtocol, isPercent: Bool = false) {
    guard let number = DecimalNumber(text),
      let units = number.scaled(by: isPercent ? Self.decimals - 2 : Self.decimals),
      (1 - Self.limit..<Self.limit).contains(units)
    else { return nil }
    self.units = units
  }

  /// The number that `value` is printed as, the shortest in decimal to which no other `Double` is
  /// nearer.
  ///
  /// - Precondition: It is less than a million, and has no more decimals than are kept.
  public init(_ value: Double) {
    guard let share = Share("\(value)") else {
      preconditionFailure("\(value) is no share: it is too large or has too many decimals")
    }
    self = share
  }

  /// The nearest `Double`.
  public var value: Double {
    // Rounded once: dividing would round a second time.
    Double("\(units)e-\(Self.decimals)") ?? 0
  }

  /// The number of things that are this share of `count`; at most `Int.max`.
  public func of(_ count: Int, rounded rounding: Rounding) -> Int {
    let (product, overflow) = units.multipliedReportingOverflow(by: Int128(count))
    guard !overflow else { return (units < 0) == (count < 0) ? .max : .min }
    let (whole, rest) = product.quotientAndRemainder(dividingBy: Self.unit)
    let isCloserBeyond =
      switch rounding {
      case .up: rest > 0
      case .down: rest < 0
      case .nearest: 2 * rest.magnitude >= Self.unit.magnitude
      }
    return Int(clamping: isCloserBeyond ? whole + rest.signum() : whole)
  }
}

extension Share: Comparable {
  /// True if `first` is less.
  public static func < (first: Self, second: Self) -> Bool { first.units < second.units }
}

extension Share: AdditiveArithmetic {
  /// Nothing.
  public static let zero = Share(units: 0)

  /// The sum, without rounding.
  public static func + (first: Self, second: Self) -> Self {
    Share(units: first.units + second.units)
  }

  /// The difference, without rounding.
  public static func - (first: Self, second: Self) -> Self {
    Share(units: first.units - second.units)
  }
}

extension Share: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// The share that the literal is written as, as far as a `Double` tells numbers apart.
  public init(floatLiteral value: Double) { self.init(value) }

  /// A whole number.
  public init(integerLiteral value: Int) { self.init(Double(value)) }
}

extension Share: CustomStringConvertible {
  /// The number as a `Double` is printed, "0.28" or "1.0"; all of its decimals where that would be
  /// another one.
  public var description: String {
    let nearest = "\(value)"
    if Share(nearest) == self { return nearest }
    let digits = String(units.magnitude)
    let padded = String(repeating: "0", count: max(0, Self.decimals + 1 - digits.count)) + digits
    var decimals = padded.suffix(Self.decimals)
    while decimals.last == "0" { decimals.removeLast() }
    return "\(units < 0 ? "-" : "")\(padded.dropLast(Self.decimals)).\(decimals)"
  }
}
