public import Bytes

/// The result of one round; its traffic is in its ``RoundBook``.
public struct RoundRecord: Hashable, Sendable {
  /// The round, counted from 1.
  public var round: Int
  /// The stage of the model, counted from 1.
  public var stage: Int
  /// True if only the new block and head were trained.
  public var warmUp: Bool
  /// The number of clients that were asked to train.
  public var selected: Int
  /// The number of updates that count.
  public var accepted: Int
  /// The number of updates that came after the round had closed.
  public var late: Int
  /// The number of updates that never came.
  public var lost: Int
  /// The number of updates that were turned away.
  public var refused: Int
  /// The number of updates that came again after they had been accepted.
  public var duplicates: Int
  /// When the round began, on the run's clock; nil for the moment at which the one before had
  /// ended.
  public var opened: Duration?
  /// The round's duration on the run's clock.
  public var elapsed: Duration
  /// The share of test samples (of pixels, for segmentation) that are classified rightly; nil if
  /// not evaluated.
  public var accuracy: Double?
  /// The mean loss over the test samples; nil if not evaluated.
  public var loss: Double?
  /// The clients' learning rate; nil where that isn't known.
  public var learningRate: Double?
  /// The mean of the clients' own losses while they trained, by their samples; nil where nothing
  /// was trained.
  public var trainingLoss: Double?
  /// Names the model after the round by its content if it is the best so far; nil if it isn't.
  public var bestModelDigest: Digest?
  /// The mean Dice coefficient over the foreground classes; nil unless this is segmentation.
  public var dice: Double?
  /// The accuracy's spread over the clients; nil if not evaluated, or without labels of whole
  /// samples.
  public var fairness: Fairness?
  /// The squared norm of the full model's gradient on some training samples; nil where that wasn't
  /// asked for.
  public var squaredGradientNorm: Double?
  /// The outcome of each selected client.
  public var outcomes: [ClientOutcome]
  /// The numbers of other events, by name: "malformed frame".
  public var counters: [String: Int]
  /// The round's critical path; nil where the clock is real, or no update counted.
  public var timing: RoundTiming?
  /// The operations of training on one sample, forward and backward, of what the round trains.
  ///
  /// Nil for those of the whole sub-model.
  public var flopsPerSample: Double?

  /// A record whose `selected`, `accepted`, `late`, `lost` and `refused` are counted from
  /// `outcomes`.
  public init(
    round: Int, stage: Int, warmUp: Bool = false, outcomes: [ClientOutcome] = [],
    duplicates: Int = 0, elapsed: Duration, accuracy: Double? = nil, loss: Double? = nil,
    dice: Double? = nil, counters: [String: Int] = [:]
  ) {
    self.round = round
    self.stage = stage
    self.warmUp = warmUp
    selected = outcomes.count
    accepted = 0
    late = 0
    lost = 0
    refused = 0
    for outcome in outcomes {
      switch outcome.outcome {
      case .accepted: accepted += 1
      case .late: late += 1
      case .lost: lost += 1
      case .refused: refused += 1
      }
    }
    self.duplicates = duplicates
    self.elapsed = elapsed
    self.accuracy = accuracy
    self.loss = loss
    self.dice = dice
    self.outcomes = outcomes
    self.counters = counters
  }
}
