/// A data rate.
public struct Bandwidth: Hashable, Sendable {
  /// Bits per second, as links are sold.
  public var bitsPerSecond: Double

  /// A rate of `bitsPerSecond`.
  public init(bitsPerSecond: Double) { self.bitsPerSecond = bitsPerSecond }

  /// How long `size` takes at this rate, latency not counted.
  public func time(for size: ByteCount) -> Duration {
    .seconds(8 * Double(size.bytes) / bitsPerSecond)
  }
}
