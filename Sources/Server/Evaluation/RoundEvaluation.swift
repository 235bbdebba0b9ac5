package import Ledger

/// The figures of a model that was tested after a round.
package struct RoundEvaluation {
  /// The share of test samples, or pixels, that are classified rightly, in [0, 1]; nil without
  /// samples.
  package var accuracy: Double?
  /// The mean loss over the test samples; nil without samples.
  package var loss: Double?
  /// The mean Dice coefficient, in [0, 1]; nil unless pixels are labelled.
  package var dice: Double?
  /// The spread of the clients' accuracies; nil where it isn't known.
  package var fairness: Fairness?
  /// The squared norm of the full model's gradient; nil where it isn't asked for.
  package var squaredGradientNorm: Double?
  /// False where the data has no test samples.
  package var isTested = true
  /// The figures of clients on what they hold out; nil where there are none.
  package var heldOut: HeldOutFigures?
  /// True if accuracy, loss and Dice coefficient are the clients', as the broker has no test
  /// samples.
  package var isByClients = false
  /// True once per stage, at the evaluation that shows that the model is no better than guessing.
  package var hasCollapsed = false

  /// The given figures; no test samples, no figure.
  package init(
    accuracy: Double? = nil, loss: Double? = nil, dice: Double? = nil, isTested: Bool = true
  ) {
    self.accuracy = accuracy
    self.loss = loss
    self.dice = dice
    self.isTested = isTested
  }

  /// The figure that models are compared by: the Dice coefficient where pixels are labelled, else
  /// the accuracy.
  package var quality: Double? { dice ?? accuracy }

  /// Takes in the figures of clients, nil if too few have any.
  ///
  /// Where the broker has no test samples they are the round's figures.
  package mutating func note(_ figures: HeldOutFigures?) {
    heldOut = figures
    guard let figures else { return }
    fairness = figures.spread
    guard !isTested else { return }
    (accuracy, loss, dice) = (figures.accuracy, figures.loss, figures.dice)
    (isTested, isByClients) = (true, true)
  }
}

extension RoundRecord {
  /// Takes in the figures of the model after the round.
  mutating func note(_ evaluation: RoundEvaluation) {
    self.accuracy = evaluation.accuracy
    self.loss = evaluation.loss
    self.dice = evaluation.dice
    self.fairness = evaluation.fairness
    self.squaredGradientNorm = evaluation.squaredGradientNorm
    if let heldOut = evaluation.heldOut {
      self[.heldOutAccuracy] = heldOut.accuracy
      self[.heldOutLoss] = heldOut.loss
      self[.heldOutDice] = heldOut.dice
      self[.heldOutSamples] = Double(heldOut.samples)
      self[.evaluators] = Double(heldOut.spread.clients)
      self.classes = heldOut.classes.map { ClassResult(samples: $0.samples, correct: $0.correct) }
    }
    self[.isByClients] = evaluation.isByClients ? 1 : nil
    if evaluation.hasCollapsed { counters["collapse"] = 1 }
    // No samples, no figure: the reports say why.
    if !evaluation.isTested { counters[RunSummary.untested] = 1 }
  }
}

/// Notices when a model that has grown is no better than guessing: it fell there, or can't get away
/// from there.
package struct CollapseWatch: Codable {
  private var best = 0.0
  private var reported = 0
  /// The evaluations at chance since the last better one; nil in checkpoints of before it was
  /// counted.
  private var lowInARow: Int?

  /// A watch that has seen nothing.
  package init() {}

  /// Takes in an accuracy, and tells whether it is a collapse to guessing; true once per stage.
  ///
  /// A model that had learnt something, more than twice of what guessing gives, collapses by one
  /// such accuracy; any other by the third in a row since it first grew.
  ///
  /// - Parameters:
  ///   - accuracy: The accuracy, in [0, 1].
  ///   - stage: The model's stage, from 1.
  ///   - chance: The accuracy of guessing.
  /// - Returns: True for a collapse that wasn't noticed at this stage before.
  package mutating func notices(_ accuracy: Double, stage: Int, chance: Double) -> Bool {
    defer { best = max(best, accuracy) }
    guard stage > 1, accuracy < 1.2 * chance else {
      lowInARow = 0
      return false
    }
    let inARow = (lowInARow ?? 0) + 1
    lowInARow = inARow
    guard reported < stage, best > 2 * chance || inARow >= 3 else { return false }
    reported = stage
    return true
  }
}
