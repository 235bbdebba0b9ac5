package import Federation
package import Foundation
package import Ledger
import Progressive

/// The state of a run in a checkpoint, beside the model's values: its JSON.
package struct CheckpointState: Codable {
  /// The run's number.
  package var run: UInt64
  /// The broker's incarnation that wrote it, from 1; nil in checkpoints of versions that didn't
  /// say.
  package var epoch: Int?
  /// The run's clock when the checkpoint's round ended, in seconds.
  var elapsed: Double
  /// The last known accuracy, in [0, 1].
  var accuracy: Double?
  /// The last known loss on the test set.
  var loss: Double?
  /// The last known mean Dice coefficient, in [0, 1]; nil unless pixels are labelled.
  var dice: Double?
  /// The watch for collapses.
  var collapse: CollapseWatch
  /// The model beside its values.
  var model: GlobalModel.State
  /// The clients' participation so far.
  package var history: ParticipationHistory
  /// The rounds in which steps of the strategy began; nil in checkpoints of versions that planned
  /// them all.
  var course: GrowthProgress.Memory?
  /// The norms of accepted updates; nil where no norm is too large, and in checkpoints of versions
  /// without it.
  var norms: NormGuard?
  /// The best model so far; nil while none was evaluated, and in checkpoints of versions that kept
  /// none.
  var best: BestModel.State?
  /// True if what its round came to was discarded; nil if not.
  var isDiscarded: Bool?
}

extension CheckpointState {
  /// The longest time that a run is believed to have lasted, in seconds.
  private static let longest = 1e15

  /// The state of a checkpoint; nil unless it is one that a broker wrote.
  package init?(_ checkpoint: Checkpoint) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let state = try? decoder.decode(Self.self, from: checkpoint.state),
      (0...Self.longest).contains(state.elapsed)
    else { return nil }
    self = state
  }

  /// The state as JSON, equal for equal states; a diverged model's loss, which is no number, is
  /// told in words.
  package var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return try encoder.encode(self)
    }
  }
}
