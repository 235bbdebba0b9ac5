import Federation
import Ledger

/// A round whose updates were folded, and whose model is yet to be judged.
struct UnjudgedRound {
  /// The round.
  var round: ClosedRound
  /// The effective movement of the step's block, where a window of it has ended.
  var movement: Double?
  /// The figures on the broker's own samples, then those of clients too; nil where none are due.
  var evaluation: RoundEvaluation?
  /// The traffic of the evaluation by clients, beside the round's.
  var evaluationBook: RoundBook?
  /// The events of the evaluation, by name.
  var counters: [String: Int] = [:]
  /// The state to go back to if its model turns out to be unsound.
  let before: GoodState
  /// The farthest of its updates; nil where none was measured.
  var farthest: DiscardedRound.Farthest?
  /// The fault for which its model was discarded; nil while it goes on.
  private(set) var fault: DiscardedRound.Fault?

  /// A round that ended, of which nothing was folded yet.
  init(round: ClosedRound, after before: GoodState) {
    self.round = round
    self.before = before
  }

  /// True if updates moved the model: else it is the one before, and can't be discarded.
  var hasUpdates: Bool { !round.result.accepted.isEmpty }

  /// Notes that its model is discarded: it moved nothing, and no figure of it counts.
  mutating func discard(for fault: DiscardedRound.Fault) {
    self.fault = fault
    movement = nil
    evaluation = nil
  }

  /// The round as people are told of it; nil unless its model was discarded.
  var discarded: DiscardedRound? {
    fault.map { DiscardedRound(round: round.result.round, fault: $0, farthest: farthest) }
  }

  /// Takes in what came of the evaluation by clients.
  mutating func take(_ evaluation: ClosedEvaluation) {
    evaluationBook = evaluation.book
    (round.total, round.elapsed) = (evaluation.total, evaluation.elapsed)
    let result = evaluation.result
    let named = [
      ("evaluation: scores missing", result.missing.count),
      ("evaluation: scores refused", result.refused.count),
      (
        "evaluation: too few clients for a figure",
        fault == nil && self.evaluation?.heldOut == nil ? 1 : 0
      ),
    ]
    for (name, count) in named where count > 0 { counters[name] = count }
  }
}
