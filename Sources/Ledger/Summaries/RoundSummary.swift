/// One round of a run's summary.
public struct RoundSummary: Hashable, Sendable {
  /// The round, counted from 1.
  public var round: Int
  /// The stage, counted from 1.
  public var stage: Int
  /// Whether only the new block and head were trained.
  public var warmUp: Bool
  /// How many clients were asked to train.
  public var selected: Int
  /// How many updates counted.
  public var accepted: Int
  /// How many updates came too late.
  public var late: Int
  /// How many updates never came.
  public var lost: Int
  /// How many updates were turned away.
  public var refused: Int
  /// How many updates came again.
  public var duplicates: Int
  /// What the round asked of links and devices.
  public var load: Load
  /// What the full model would have asked of them.
  public var fullModel: Load
  /// When the round began, on the run's clock.
  public var opened: Duration
  /// How long the round took on the run's clock.
  public var elapsed: Duration
  /// The accuracy after the round; nil if not evaluated.
  public var accuracy: Double?
  /// The loss after the round; nil if not evaluated.
  public var loss: Double?
  /// The clients' learning rate; nil where that isn't known.
  public var learningRate: Double?
  /// The mean of the clients' own losses while they trained, by their samples; nil where that isn't known.
  public var trainingLoss: Double?
  /// The mean Dice coefficient after the round; nil unless this is segmentation.
  public var dice: Double?
  /// How the accuracy is spread over the clients; nil where that isn't known.
  public var fairness: Fairness?
  /// The squared norm of the full model's gradient on some training samples; nil where that isn't known.
  public var squaredGradientNorm: Double?
  /// Where the round's time went; nil where the clock is real, or no update counted.
  public var path: CriticalPath?
  /// The models and updates that were sent to and from clients whose updates didn't count.
  public var wasted = TwoWayTraffic.zero

  /// When the round had ended, on the run's clock.
  public var closed: Duration { opened + elapsed }

  /// Puts rounds one after the other: none begins before the one before it has ended.
  ///
  /// So those have a place as well of which older ledgers and objects only tell how long they took.
  static func placed(_ rounds: [RoundSummary]) -> [RoundSummary] {
    var end = Duration.zero
    return rounds.map { round in
      var round = round
      round.opened = max(round.opened, end)
      end = round.closed
      return round
    }
  }
}
