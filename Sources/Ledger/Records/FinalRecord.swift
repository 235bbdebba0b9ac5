public import Bytes

/// The state of a run.
public enum RunState: String, CaseIterable, Codable, Hashable, Sendable {
  /// It goes on, or was killed before it could say otherwise.
  case running
  /// All rounds were run.
  case done
  /// All rounds were run, but no update counted in any: the model is as it began.
  case fruitless
  /// It was stopped, with a checkpoint to resume from.
  case interrupted
  /// It gave up for want of clients, with a checkpoint to resume from.
  case aborted

  /// True if all rounds were run, so that there is nothing to go on with.
  public var isFinished: Bool {
    switch self {
    case .done, .fruitless: true
    case .running, .interrupted, .aborted: false
    }
  }
}

/// The result of a run.
public struct FinalRecord: Hashable, Sendable {
  /// The state in which it ended.
  public var state: RunState
  /// The final model's accuracy; nil if not evaluated.
  public var accuracy: Double?
  /// The final model's loss; nil if not evaluated.
  public var loss: Double?
  /// The final model's mean Dice coefficient; nil unless this is segmentation.
  public var dice: Double?
  /// Names the final model by its content.
  public var modelDigest: Digest?
  /// The run's duration on its own clock.
  public var elapsed: Duration
  /// The run's duration on the wall's clock, all resumptions together.
  public var wallClock: Duration

  /// The end of a run.
  public init(
    state: RunState, accuracy: Double? = nil, loss: Double? = nil, dice: Double? = nil,
    modelDigest: Digest? = nil, elapsed: Duration, wallClock: Duration
  ) {
    self.state = state
    self.accuracy = accuracy
    self.loss = loss
    self.dice = dice
    self.modelDigest = modelDigest
    self.elapsed = elapsed
    self.wallClock = wallClock
  }
}
