public import Measures

/// The end of one round for one selected client.
public struct ClientOutcome: Hashable, Sendable {
  /// The outcome of a client's update.
  public enum Outcome: Hashable, Sendable {
    /// It counts.
    case accepted
    /// It came after the round had closed.
    case late
    /// It never came, or not whole.
    case lost
    /// It came and was turned away, for the given reason.
    case refused(reason: String)
  }

  /// The client, counted from 0.
  public var client: Int
  /// The outcome of its update.
  public var outcome: Outcome
  /// The update's weight in the average: how many samples the client holds.
  public var samples: Int
  /// The samples that went through training, repeats by local epochs included: what FLOPs are
  /// charged for.
  public var trainedSamples: Int
  /// The encoded update.
  public var updateSize: ByteCount
  /// The stage that the client trained, counted from 1; nil where it is the round's.
  public var stage: Int?
  /// From the round's start to the update's arrival, on the run's clock.
  public var elapsed: Duration?

  /// An outcome; `trainedSamples` are one pass over the samples unless given.
  public init(
    client: Int, outcome: Outcome, samples: Int = 0, trainedSamples: Int? = nil,
    updateSize: ByteCount = .zero, stage: Int? = nil, elapsed: Duration? = nil
  ) {
    self.client = client
    self.outcome = outcome
    self.samples = samples
    self.trainedSamples = trainedSamples ?? samples
    self.updateSize = updateSize
    self.stage = stage
    self.elapsed = elapsed
  }
}
