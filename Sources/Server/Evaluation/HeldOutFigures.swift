package import Datasets
package import Federation
package import Ledger
import LocalTraining
import Neural

/// The figures that clients' scores of a model come to, on what they hold out.
package struct HeldOutFigures: Hashable {
  /// The share of samples, or pixels, that are classified rightly, in [0, 1].
  package var accuracy: Double
  /// The mean loss over the samples.
  package var loss: Double
  /// The mean Dice coefficient, in [0, 1]; nil unless pixels are labelled.
  package var dice: Double?
  /// The samples of all clients together.
  package var samples: Int
  /// The spread over the clients of accuracy, or of the Dice coefficient where pixels are labelled.
  package var spread: Fairness
  /// The samples of each class and the right ones among them; empty where clients don't tell.
  package var classes: [ClassFigure] = []

  /// The samples of a class.
  package struct ClassFigure: Hashable, Sendable {
    /// The samples of the class.
    package var samples: Int
    /// Those of them that were taken for it.
    package var correct: Int
  }

  /// The figures of the scores in `result`, added up in the order of the clients; nil if fewer
  /// than `minimum` clients have any.
  ///
  /// Dice coefficients are those of `regions`, over the pixels of all clients.
  package init?(_ result: EvaluationResult, minimum: Int, regions: [LabelRegion]) {
    guard result.scores.count >= minimum else { return nil }
    var total = Evaluation()
    var parts: [Double] = []
    for (_, scores) in result.scores {
      let part = Evaluation(scores)
      total.add(part)
      if let value = part.meanDice(of: regions) ?? part.accuracy { parts.append(value) }
    }
    guard let accuracy = total.accuracy, let loss = total.meanLoss, let spread = Fairness(of: parts)
    else { return nil }
    self.accuracy = accuracy
    self.loss = loss
    dice = total.meanDice(of: regions)
    samples = total.samples
    self.spread = spread
    classes = total.classes.map { ClassFigure(samples: $0.samples, correct: $0.correct) }
  }
}

/// An evaluation by clients that is over, with everything about it that is booked.
package struct ClosedEvaluation {
  /// The clients' scores.
  package var result: EvaluationResult
  /// The traffic since its round ended.
  package var book: RoundBook
  /// All bytes of the run so far, client view.
  package var total: TwoWayTraffic
  /// The run's clock at its end.
  package var elapsed: Duration

  /// An evaluation that ended with this result.
  package init(
    result: EvaluationResult, book: RoundBook, total: TwoWayTraffic, elapsed: Duration
  ) {
    self.result = result
    self.book = book
    self.total = total
    self.elapsed = elapsed
  }
}
