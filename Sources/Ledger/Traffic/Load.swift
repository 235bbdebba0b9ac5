/// Traffic and computation: what was asked of links and devices.
public struct Load: Hashable, Sendable {
  /// The bytes of both directions.
  public var traffic: TwoWayTraffic
  /// The floating-point operations of training.
  public var flops: Double

  /// A load of the given traffic and computation.
  public init(traffic: TwoWayTraffic = .zero, flops: Double = 0) {
    self.traffic = traffic
    self.flops = flops
  }
}

extension Load: AdditiveArithmetic {
  /// No load.
  public static var zero: Self { Load() }

  /// Both loads together.
  public static func + (lhs: Self, rhs: Self) -> Self {
    Load(traffic: lhs.traffic + rhs.traffic, flops: lhs.flops + rhs.flops)
  }

  /// What is left of `lhs` without `rhs`.
  public static func - (lhs: Self, rhs: Self) -> Self {
    Load(traffic: lhs.traffic - rhs.traffic, flops: lhs.flops - rhs.flops)
  }
}

extension Load: Codable {
  private enum CodingKeys: String, CodingKey {
    case down, up, flops
  }

  /// Reads `down`, `up` and `flops`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    traffic = TwoWayTraffic(
      down: try container.decode(Traffic.self, forKey: .down),
      up: try container.decode(Traffic.self, forKey: .up))
    flops = try container.decode(Double.self, forKey: .flops)
  }

  /// Writes `down`, `up` and `flops`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(traffic.down, forKey: .down)
    try container.encode(traffic.up, forKey: .up)
    try container.encode(flops, forKey: .flops)
  }
}
