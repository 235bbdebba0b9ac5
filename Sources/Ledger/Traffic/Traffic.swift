public import Measures

/// Bytes of one direction, counted twice: what they are worth and what they cost.
public struct Traffic: Hashable, Sendable, Codable {
  /// The model's or update's own encoded bytes.
  public var payload: ByteCount
  /// All bytes, with envelopes, ZMTP framing, handshakes, heartbeats and repairs.
  public var wire: ByteCount

  /// Traffic of `payload` bytes of content in `wire` bytes on the link.
  public init(payload: ByteCount = .zero, wire: ByteCount = .zero) {
    self.payload = payload
    self.wire = wire
  }
}

extension Traffic: AdditiveArithmetic {
  /// No traffic.
  public static var zero: Self { Traffic() }

  /// The traffic of both.
  public static func + (lhs: Self, rhs: Self) -> Self {
    Traffic(payload: lhs.payload + rhs.payload, wire: lhs.wire + rhs.wire)
  }

  /// What is left of `lhs` without `rhs`.
  public static func - (lhs: Self, rhs: Self) -> Self {
    Traffic(payload: lhs.payload - rhs.payload, wire: lhs.wire - rhs.wire)
  }
}
