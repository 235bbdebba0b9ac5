/// A number of bytes.
public struct ByteCount: Hashable, Sendable {
  /// The count; never negative where it measures traffic.
  public var bytes: Int

  /// Counts `bytes` bytes.
  public init(_ bytes: Int) { self.bytes = bytes }

  /// Counts the whole number of bytes nearest to an estimate: none below 0, and 2⁵⁶ at most, so
  /// that a hundred can be added.
  public init(estimate: Double) {
    bytes = estimate > 0 ? Int(min(estimate, 0x1p56).rounded()) : 0
  }
}

extension ByteCount: Comparable {
  /// True if `lhs` is the smaller count.
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.bytes < rhs.bytes }
}

extension ByteCount: AdditiveArithmetic {
  /// No bytes.
  public static var zero: Self { ByteCount(0) }

  /// The bytes of both.
  public static func + (lhs: Self, rhs: Self) -> Self { ByteCount(lhs.bytes + rhs.bytes) }

  /// `lhs` without `rhs`.
  public static func - (lhs: Self, rhs: Self) -> Self { ByteCount(lhs.bytes - rhs.bytes) }
}

extension ByteCount: Codable {
  /// Reads a plain number.
  public init(from decoder: any Decoder) throws {
    bytes = try decoder.singleValueContainer().decode(Int.self)
  }

  /// Writes a plain number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }
}

extension ByteCount: CustomStringConvertible {
  /// Three significant digits with a decimal unit: "640 B", "1.20 MB".
  public var description: String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var value = Double(bytes)
    var unit = 0
    while abs(value) >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    guard unit > 0 else { return "\(bytes) B" }
    let decimals = abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0
    return "\(value.fixed(decimals)) \(units[unit])"
  }
}

/// A data rate.
public struct Bandwidth: Hashable, Sendable {
  /// Bits per second, as links are sold.
  public var bitsPerSecond: Double

  /// A rate of `bitsPerSecond`.
  public init(bitsPerSecond: Double) { self.bitsPerSecond = bitsPerSecond }

  /// The time that `size` takes at this rate, latency not counted.
  public func time(for size: ByteCount) -> Duration {
    .seconds(8 * Double(size.bytes) / bitsPerSecond)
  }
}

extension Duration {
  /// The duration in seconds, rounded to what a double holds.
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
