import Measures

/// How many times less was asked of links and devices than the full model would have asked.
public struct Savings: Hashable, Sendable, Encodable {
  /// How many times fewer bytes went over the wire, both ways; nil if none went.
  public var bytes: Double?
  /// How many times fewer operations training took; nil if nothing was trained.
  public var flops: Double?

  /// The savings of `load` against what the full model asks for.
  public init(_ load: Load, against fullModel: Load) {
    if load.traffic.wire > .zero, fullModel.traffic.wire > .zero {
      bytes = Double(fullModel.traffic.wire.bytes) / Double(load.traffic.wire.bytes)
    }
    if load.flops > 0, fullModel.flops > 0 { flops = fullModel.flops / load.flops }
  }

  private enum CodingKeys: String, CodingKey {
    case bytes, flops
  }

  /// Writes both; null where there is nothing to compare.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(bytes, forKey: .bytes)
    try container.encode(flops.finite, forKey: .flops)
  }
}
