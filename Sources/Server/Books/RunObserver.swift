package import Federation
package import Ledger

/// An observer of a run: a progress line, a log, a test.
package protocol RunObserver: Sendable {
  /// A round ended and was booked.
  func closed(_ progress: RunProgress)
  /// Something that people want to know.
  func noticed(_ notice: BrokerNotice)
  /// Something doesn't work that the run can do without, a sentence.
  func warned(_ problem: String)
  /// Something about the run's data that people should know before it begins, a sentence.
  func remarked(_ remark: String)
  /// The model's accuracy, or Dice coefficient where pixels are labelled, fell to chance after it
  /// had grown.
  func collapsed(round: Int, stage: Int, accuracy: Double)
  /// The model that a round came to was discarded.
  func discarded(_ round: DiscardedRound)
}

extension RunObserver {
  /// Passes over it.
  package func warned(_ problem: String) {}

  /// Passes over it.
  package func remarked(_ remark: String) {}

  /// Passes over it.
  package func discarded(_ round: DiscardedRound) {}
}

/// The progress of a run after a round.
package struct RunProgress: Sendable {
  /// The round as it was booked.
  package var record: RoundRecord
  /// All rounds of the run.
  package var rounds: Int
  /// All stages of the model.
  package var stages: Int
  /// The last known accuracy, in [0, 1].
  package var accuracy: Double?
  /// The last known mean Dice coefficient, in [0, 1]; nil unless pixels are labelled.
  package var dice: Double?
  /// All bytes so far, client view.
  package var total: TwoWayTraffic
  /// The run's duration so far.
  package var elapsed: Duration

  /// The progress of a run after the round of `record`.
  package init(
    record: RoundRecord, rounds: Int, stages: Int, accuracy: Double?, dice: Double? = nil,
    total: TwoWayTraffic, elapsed: Duration
  ) {
    self.record = record
    self.rounds = rounds
    self.stages = stages
    self.accuracy = accuracy
    self.dice = dice
    self.total = total
    self.elapsed = elapsed
  }
}
