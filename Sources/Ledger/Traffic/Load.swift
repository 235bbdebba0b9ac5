import Measures

/// Traffic and computation: what was asked of links and devices.
public struct Load: Hashable, Sendable {
  /// The bytes of both directions.
  public var traffic = TwoWayTraffic.zero
  /// The floating-point operations of training.
  public var flops = 0.0
}

extension Load: AdditiveArithmetic {
  /// No load.
  public static var zero: Self { Load() }

  /// Both loads together.
  public static func + (lhs: Self, rhs: Self) -> Self {
    Load(traffic: lhs.traffic + rhs.traffic, flops: lhs.flops + rhs.flops)
  }

  /// The rest of `lhs` without `rhs`.
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

/// The computation of a round's participants, and that of the full model on the same samples.
struct Effort: Hashable, Sendable {
  /// The operations of training the sub-models.
  var flops: Double
  /// The operations of training the full model on the same samples.
  var fullModelFlops: Double
  /// The number of clients that took the model in: all but the lost ones without a byte of it.
  var downClients: Int
  /// The number of clients that handed an update over, whether or not it counted.
  var upClients: Int

  init(_ record: RoundRecord, book: RoundBook, model: ModelDescription) {
    flops = 0
    fullModelFlops = 0
    guard !record.outcomes.isEmpty else {
      downClients = max(0, record.selected - record.lost)
      upClients = record.accepted + record.late
      return
    }
    downClients = 0
    upClients = 0
    let served = book.clientsServed
    for outcome in record.outcomes {
      let samples = Double(outcome.trainedSamples)
      let stage = outcome.stage ?? record.stage
      // Who is capped trains a sub-model of its own, all of it.
      let own = stage == record.stage ? record.flopsPerSample : nil
      flops += samples * (own ?? model.stage(stage)?.flopsPerSample ?? 0)
      fullModelFlops += samples * model.flopsPerSample
      switch outcome.outcome {
      case .accepted:
        downClients += 1
        upClients += 1
      case .late, .refused:
        downClients += 1
        if outcome.updateSize > .zero { upClients += 1 }
      case .lost:
        if served.contains(outcome.client) { downClients += 1 }
      }
    }
  }
}
