package import Federation
import Foundation
package import Ledger
import Progressive

/// What a checkpoint says of a run beside the model's values, as JSON.
package struct CheckpointState: Codable {
  /// The run's number.
  package var run: UInt64
  /// The run's clock when the checkpoint's round ended, in seconds.
  var elapsed: Double
  /// The last known accuracy, in [0, 1].
  var accuracy: Double?
  /// The last known loss on the test set.
  var loss: Double?
  /// The last known mean Dice coefficient, in [0, 1]; nil unless pixels are labelled.
  var dice: Double?
  /// What the watch for collapses remembers.
  var collapse: CollapseWatch
  /// What the model is beside its values.
  var model: GlobalModel.State
  /// How the clients took part so far.
  package var history: ParticipationHistory
  /// When the steps of the strategy began; nil in checkpoints of versions that planned them all.
  var course: GrowthProgress.Memory?
  /// How far accepted updates went; nil where none is too far, and in checkpoints of before that was asked.
  var norms: NormGuard?
  /// The best model so far; nil while none was evaluated, and in checkpoints of versions that kept none.
  var best: BestModel.State?

  /// The state of a checkpoint; nil unless it is one that a broker wrote.
  package init?(_ checkpoint: Checkpoint) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let state = try? decoder.decode(Self.self, from: checkpoint.state) else { return nil }
    self = state
  }

  /// A state of the given parts.
  init(
    run: UInt64, elapsed: Double, accuracy: Double?, loss: Double?, dice: Double?,
    collapse: CollapseWatch, model: GlobalModel.State, history: ParticipationHistory,
    course: GrowthProgress.Memory?, best: BestModel.State? = nil
  ) {
    self.run = run
    self.elapsed = elapsed
    self.accuracy = accuracy
    self.loss = loss
    self.dice = dice
    self.collapse = collapse
    self.model = model
    self.history = history
    self.course = course
    self.best = best
  }

  /// The state as JSON, equal for equal states; a diverged model's loss, which is no number, is told in words.
  var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return try encoder.encode(self)
    }
  }
}
