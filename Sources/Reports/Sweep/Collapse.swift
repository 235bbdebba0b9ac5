package import Ledger

/// Whether a run's model was no better than guessing after it had grown.
package enum Collapse: String, Hashable, Sendable, Encodable {
  /// It never was.
  case none
  /// It was, but not at the end.
  case passing
  /// It is so at the end, by the mean of the last five evaluations.
  case lasting

  /// What became of `run`: an evaluation at stage 2 or later counts that is within a fifth of what guessing gives.
  ///
  /// That is one over the number of labels; for segmentation, where most pixels are background, a mean Dice coefficient
  /// of 0.05. Where labels weren't counted, the warnings of the run itself tell.
  package init(_ run: RunSummary) {
    let isSegmentation = run.final.dices != nil
    guard let chance = isSegmentation ? 0.05 : run.partition.map({ 1 / Double(max(1, $0.labels)) })
    else {
      self = (run.counters["collapse"] ?? 0) > 0 ? .passing : .none
      return
    }
    let grown = run.rounds.filter { $0.stage > 1 }
      .compactMap { isSegmentation ? $0.dice : $0.accuracy }
    let low = 1.2 * chance
    let end = isSegmentation ? run.final.dices : run.final.accuracies
    if let end, end.meanOfLastFive < low, !grown.isEmpty {
      self = .lasting
    } else {
      self = grown.contains { $0 < low } ? .passing : .none
    }
  }
}
