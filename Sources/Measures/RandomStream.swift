import Foundation

/// A counter-based random stream: value n is a pure function of the key and n.
///
/// Streams for different purposes are derived by name and index, so that no stream depends on how
/// much another was used, on threads, or on arrival order. The mixing function is the finalizer of
/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
/// Not for cryptography.
public struct RandomStream: RandomNumberGenerator, Hashable, Sendable {
  /// Identifies the stream; equal keys give equal values.
  public let key: UInt64
  /// The number of values drawn so far.
  public var counter: UInt64 = 0

  /// The root stream of a run.
  public init(seed: UInt64) { key = Self.mix(seed &+ Self.increment) }

  /// The stream of a known key, as sent in a message.
  public init(key: UInt64) { self.key = key }

  /// The value at `index`, independent of the counter.
  @inlinable
  public func value(at index: UInt64) -> UInt64 {
    Self.mix(key &+ (index &+ 1) &* Self.increment)
  }

  /// Draws the next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    defer { counter &+= 1 }
    return value(at: counter)
  }

  /// An independent stream for one purpose, and for one client, round or index where given.
  public func stream(_ purpose: String, _ indices: Int...) -> RandomStream {
    var hash = key ^ 0xD6E8_FEB8_6659_FD93
    for byte in purpose.utf8 { hash = Self.mix(hash &+ UInt64(byte) &+ Self.increment) }
    hash = Self.mix(hash ^ UInt64(purpose.utf8.count))
    for index in indices {
      hash = Self.mix(hash &+ Self.increment &* (UInt64(bitPattern: Int64(index)) &+ 1))
    }
    return RandomStream(key: hash)
  }

  /// The next number in [0, 1), with 53 random bits.
  @inlinable
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// 2⁶⁴ divided by the golden ratio: the odd increment between counters.
  @usableFromInline static var increment: UInt64 { 0x9E37_79B9_7F4A_7C15 }

  /// A bijection of 64 bits in which each input bit changes half of the output bits.
  @inlinable
  static func mix(_ input: UInt64) -> UInt64 {
    var z = input
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension RandomStream {
  /// The next standard normal number (Box and Muller, 1958; two uniforms each).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// The next exponentially distributed number of the given mean.
  public mutating func exponential(mean: Double) -> Double { -mean * log(1 - uniform()) }

  /// The next Gamma(shape, 1) number (Marsaglia and Tsang, 2000), for `shape` > 0.
  public mutating func gamma(shape: Double) -> Double {
    precondition(shape > 0, "shape \(shape) isn't positive")
    guard shape >= 1 else {
      // Boosting: Gamma(a) = Gamma(a + 1) · U^(1/a).
      let boost = pow(1 - uniform(), 1 / shape)
      return gamma(shape: shape + 1) * boost
    }
    let d = shape - 1 / 3.0
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      if v > 0, log(1 - uniform()) < 0.5 * x * x + d * (1 - v + log(v)) { return d * v }
    }
  }
}
