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
  /// How long the rounds took on the run's clock, without the waiting between them.
  public var elapsed: Duration
  /// How many clients were selected at least once.
  public var participants: Int
  /// The last accuracy that was measured in the stage.
  public var accuracy: Double?
  /// Where the rounds' time went; nil where that isn't known.
  public var path: CriticalPath?
  /// The models and updates that were sent to and from clients whose updates didn't count.
  public var wasted = TwoWayTraffic.zero

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
      let loads = rounds.map(\.load)
      let fullModels = rounds.map(\.fullModel)
      let paths = rounds.compactMap(\.path)
      let elapsed = rounds.reduce(Duration.zero) { $0 + $1.elapsed }
      let wasted = rounds.reduce(TwoWayTraffic.zero) { $0 + $1.wasted }
      let accuracy = rounds.last { $0.accuracy != nil }?.accuracy
      return StageSummary(
        stage: stage, rounds: rounds.count, parameters: model.stage(stage)?.parameters ?? 0,
        load: loads.reduce(.zero, +), fullModel: fullModels.reduce(.zero, +), elapsed: elapsed,
        participants: participants[stage] ?? 0, accuracy: accuracy,
        path: paths.isEmpty ? nil : paths.reduce(.zero, +), wasted: wasted)
    }
  }
}
