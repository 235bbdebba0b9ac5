import Measures

/// The cost at which a run first reached a given accuracy.
public struct Milestone: Hashable, Sendable {
  /// The accuracy in question.
  public var accuracy: Double
  /// The first evaluated round that reached it; nil if none did.
  public var round: Int?
  /// All that had been moved and computed by the end of that round.
  public var load: Load
  /// The run's clock when that round had ended, with all waiting before it.
  public var elapsed: Duration

  /// The accuracies that people ask for first.
  private static let roundOnes = [
    0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98,
    0.99,
  ]

  /// The five highest round accuracies that `rounds` reached.
  static func targets(of rounds: [RoundSummary]) -> [Double] {
    guard let best = rounds.compactMap(\.accuracy.finite).max() else { return [] }
    return Array(roundOnes.filter { $0 <= best }.suffix(5))
  }

  /// The milestones of `rounds` for the given accuracies.
  public static func milestones(of rounds: [RoundSummary], at targets: [Double]) -> [Milestone] {
    targets.map { target in
      var load = Load.zero
      for round in rounds {
        load += round.load
        if let accuracy = round.accuracy, accuracy >= target {
          return Milestone(
            accuracy: target, round: round.round, load: load, elapsed: round.closed)
        }
      }
      return Milestone(accuracy: target, round: nil, load: .zero, elapsed: .zero)
    }
  }
}

extension Milestone: Encodable {
  private enum CodingKeys: String, CodingKey {
    case accuracy, round, down, up, flops, elapsed
  }

  /// Writes one element of "milestones"; all but the accuracy is null where it was never reached.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let reached = round != nil
    try container.encode(accuracy, forKey: .accuracy)
    try container.encode(round, forKey: .round)
    try container.encode(reached ? load.traffic.down : nil, forKey: .down)
    try container.encode(reached ? load.traffic.up : nil, forKey: .up)
    try container.encode(reached ? load.flops : nil, forKey: .flops)
    try container.encode(reached ? elapsed.seconds : nil, forKey: .elapsed)
  }
}
