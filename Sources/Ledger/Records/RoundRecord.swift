public import Bytes

/// A round's place in the run, its clients and its measures: all that is both written and read.
public struct RoundFacts: Hashable, Sendable {
  /// The round, counted from 1.
  public var round: Int
  /// The stage of the model, counted from 1.
  public var stage: Int
  /// True if only the new block and head were trained.
  public var warmUp: Bool
  /// The number of clients that were asked to train.
  public var selected = 0
  /// The number of updates that count.
  public var accepted = 0
  /// The number of updates that came after the round had closed.
  public var late = 0
  /// The number of updates that never came.
  public var lost = 0
  /// The number of updates that were turned away.
  public var refused = 0
  /// The number of updates that came again after they had been accepted.
  public var duplicates = 0
  /// The round's duration on the run's clock.
  public var elapsed: Duration
  /// The values of the kept measures.
  public var measures = MeasureValues()
  /// The accuracy's spread over the clients; nil if not evaluated, or without labels of whole
  /// samples.
  public var fairness: Fairness?
  /// The samples of each class that clients hold out; empty where they don't tell.
  public var classes: [ClassResult] = []
  /// The fault for which the model that the round came to was discarded, in a few words; nil where
  /// it went on.
  public var discarded: String?

  /// The value of a kept measure; nil where there is none.
  public subscript(measure: Measure) -> Double? {
    get { measures[measure] }
    set { measures[measure] = newValue }
  }

  /// The accuracy after the round; nil if not evaluated.
  public var accuracy: Double? {
    get { measures[.accuracy] }
    set { measures[.accuracy] = newValue }
  }

  /// The loss after the round; nil if not evaluated.
  public var loss: Double? {
    get { measures[.loss] }
    set { measures[.loss] = newValue }
  }

  /// The mean Dice coefficient after the round; nil unless this is segmentation.
  public var dice: Double? {
    get { measures[.dice] }
    set { measures[.dice] = newValue }
  }

  /// The squared norm of the full model's gradient after the round; nil if not asked for.
  public var squaredGradientNorm: Double? {
    get { measures[.squaredGradientNorm] }
    set { measures[.squaredGradientNorm] = newValue }
  }
}

/// The samples of a class that clients hold out, and what a model made of them.
public struct ClassResult: Hashable, Sendable, Codable {
  /// The samples of the class.
  public var samples: Int
  /// Those of them that were taken for it.
  public var correct: Int

  /// A result of the given numbers.
  public init(samples: Int, correct: Int) {
    self.samples = samples
    self.correct = correct
  }
}

/// The result of one round on its way into the ledger; its traffic is in its ``RoundBook``.
@dynamicMemberLookup
public struct RoundRecord: Hashable, Sendable {
  /// The part that is read back.
  public var facts: RoundFacts
  /// The beginning on the run's clock; nil for the moment at which the round before had ended.
  public var opened: Duration?
  /// The digest of the model after the round if it is the best so far; nil if it isn't.
  public var bestModelDigest: Digest?
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

  /// A record whose numbers of clients are counted from `outcomes`.
  public init(
    round: Int, stage: Int, warmUp: Bool = false, outcomes: [ClientOutcome] = [],
    duplicates: Int = 0, elapsed: Duration, accuracy: Double? = nil, loss: Double? = nil,
    dice: Double? = nil, counters: [String: Int] = [:]
  ) {
    facts = RoundFacts(
      round: round, stage: stage, warmUp: warmUp, selected: outcomes.count,
      duplicates: duplicates, elapsed: elapsed)
    self.outcomes = outcomes
    self.counters = counters
    for outcome in outcomes {
      switch outcome.outcome {
      case .accepted: facts.accepted += 1
      case .late: facts.late += 1
      case .lost: facts.lost += 1
      case .refused: facts.refused += 1
      }
    }
    facts.accuracy = accuracy
    facts.loss = loss
    facts.dice = dice
  }

  /// A fact of the round.
  public subscript<Value>(dynamicMember path: WritableKeyPath<RoundFacts, Value>) -> Value {
    get { facts[keyPath: path] }
    set { facts[keyPath: path] = newValue }
  }

  /// The value of a kept measure; nil where there is none.
  public subscript(measure: Measure) -> Double? {
    get { facts[measure] }
    set { facts[measure] = newValue }
  }

  /// Makes it the record of a round whose model is discarded for `fault`: no update counts in it.
  public mutating func discard(for fault: String) {
    facts.discarded = fault
    for index in outcomes.indices where outcomes[index].outcome == .accepted {
      outcomes[index].outcome = .refused(reason: "round discarded")
      facts.accepted -= 1
      facts.refused += 1
    }
  }
}
