import Bytes
public import Measures
public import Tensors

/// The values that a segment is initialized with, told by what they are drawn from: whoever has
/// these eight bytes draws them for itself.
public struct FreshValues: Hashable, Sendable {
  /// The number of bytes that they take.
  public static let byteCount = 8

  /// The key that they are drawn from.
  public let random: RandomStream

  /// The values drawn from `random`.
  public init(random: RandomStream) { self.random = random }

  /// The key of `bytes`; nil unless there are eight.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let key = UInt64(littleEndianBytes: bytes) else { return nil }
    random = RandomStream(key: key)
  }

  /// The key of what they are drawn from, the lowest byte first.
  public var bytes: [UInt8] { random.key.littleEndianBytes }

  /// The values of the segment.
  public func values(of layout: ParameterLayout) -> ParameterVector {
    ParameterVector(initializing: layout, random: random)
  }
}
