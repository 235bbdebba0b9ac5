/// All rounds of one stage of a run's summary.
public struct StageSummary: Hashable, Sendable {
  /// The stage, counted from 1.
  public var stage: Int
  /// How many rounds the stage had.
  public var rounds: Int
  /// The parameters of the sub-model.
  public var parameters: Int
  /// What the rounds asked of links and devices.
  public var load: Load
  /// What the full model would have asked of them.
  public var fullModel: Load
  /// How long the rounds took on the run's clock.
  public var elapsed: Duration
  /// How many clients were selected at least once.
  public var participants: Int
  /// The last accuracy that was measured in the stage.
  public var accuracy: Double?

  /// How many times less was asked than with the full model.
  public var reduction: Savings { Savings(load, against: fullModel) }

  /// The operations that a client took on average, over those that were selected; nil if none was.
  public var flopsPerParticipant: Double? {
    participants > 0 ? load.flops / Double(participants) : nil
  }

  /// The stages of `rounds`, in order.
  static func stages(of rounds: [RoundSummary], model: ModelDescription, participants: [Int: Int])
    -> [StageSummary]
  {
    Dictionary(grouping: rounds, by: \.stage).sorted { $0.key < $1.key }.map { stage, rounds in
      StageSummary(
        stage: stage, rounds: rounds.count, parameters: model.stage(stage)?.parameters ?? 0,
        load: rounds.map(\.load).reduce(.zero, +),
        fullModel: rounds.map(\.fullModel).reduce(.zero, +),
        elapsed: rounds.map(\.elapsed).reduce(.zero, +),
        participants: participants[stage] ?? 0,
        accuracy: rounds.last { $0.accuracy != nil }?.accuracy)
    }
  }
}
