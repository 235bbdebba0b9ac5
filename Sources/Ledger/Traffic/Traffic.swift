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

  /// The rest of `lhs` without `rhs`.
  public static func - (lhs: Self, rhs: Self) -> Self {
    Traffic(payload: lhs.payload - rhs.payload, wire: lhs.wire - rhs.wire)
  }
}

/// Traffic of both directions.
public struct TwoWayTraffic: Hashable, Sendable, Codable {
  /// From the broker to the clients.
  public var down: Traffic
  /// From the clients to the broker.
  public var up: Traffic

  /// Traffic of the given directions.
  public init(down: Traffic = .zero, up: Traffic = .zero) {
    self.down = down
    self.up = up
  }

  /// The traffic of one direction.
  public subscript(direction: Direction) -> Traffic {
    get {
      switch direction {
      case .down: down
      case .up: up
      }
    }
    set {
      switch direction {
      case .down: down = newValue
      case .up: up = newValue
      }
    }
  }

  /// The bytes of both directions on the wire.
  public var wire: ByteCount { down.wire + up.wire }
  /// The content of both directions.
  public var payload: ByteCount { down.payload + up.payload }
}

extension TwoWayTraffic: AdditiveArithmetic {
  /// No traffic.
  public static var zero: Self { TwoWayTraffic() }

  /// The traffic of both.
  public static func + (lhs: Self, rhs: Self) -> Self {
    TwoWayTraffic(down: lhs.down + rhs.down, up: lhs.up + rhs.up)
  }

  /// The rest of `lhs` without `rhs`.
  public static func - (lhs: Self, rhs: Self) -> Self {
    TwoWayTraffic(down: lhs.down - rhs.down, up: lhs.up - rhs.up)
  }
}
