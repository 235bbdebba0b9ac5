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

  /// A round with the figures of the broker alone.
  init(round: ClosedRound, movement: Double?, evaluation: RoundEvaluation?) {
    self.round = round
    self.movement = movement
    self.evaluation = evaluation
  }

  /// Takes in what came of the evaluation by clients.
  mutating func take(_ evaluation: ClosedEvaluation) {
    evaluationBook = evaluation.book
    (round.total, round.elapsed) = (evaluation.total, evaluation.elapsed)
    let result = evaluation.result
    let named = [
      ("evaluation: scores missing", result.missing.count),
      ("evaluation: scores refused", result.refused.count),
      ("evaluation: too few clients for a figure", self.evaluation?.heldOut == nil ? 1 : 0),
    ]
    for (name, count) in named where count > 0 { counters[name] = count }
  }
}
