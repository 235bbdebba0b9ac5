package import Measures
import Wire

/// The rules of evaluations on what clients hold out.
package struct EvaluationRules: Hashable, Sendable {
  /// The evaluators of a round, of the clients that are there and hold something out.
  package enum Choice: Hashable, Sendable {
    /// All of them.
    case all
    /// As many of them, drawn by lot.
    case count(Int)
    /// A share of them, rounded up, drawn by lot.
    case share(Share)
  }

  /// The clients that evaluate.
  package var clients: Choice
  /// The number of rounds from one evaluation to the next; 0 for the last ones only.
  package var every = 1
  /// The number of last rounds that are evaluated in any case.
  package var last = 1
  /// The fewest samples that a client must hold out to be asked.
  package var minimumSamples = 1
  /// The fewest clients whose scores make a figure that is shown.
  package var minimumClients = 1
  /// True if clients tell what they got right class by class.
  package var tellsClasses = false
  /// The number of classes.
  package var classes: Int
  /// The predictions for each sample: 1, or its pixels in segmentation.
  package var pointsPerSample: Int
  /// True if clients tell which class each prediction was taken for, as of pixels.
  package var countsConfusion: Bool

  /// Rules by which these clients evaluate on samples of `classes` classes.
  package init(clients: Choice, classes: Int, pointsPerSample: Int = 1) {
    self.clients = clients
    self.classes = classes
    self.pointsPerSample = pointsPerSample
    countsConfusion = pointsPerSample > 1
  }

  /// True if the model is evaluated after `round` of `rounds`, as it always is after the last ones.
  package func isDue(after round: Int, of rounds: Int) -> Bool {
    Self.isDue(after: round, of: rounds, every: every, last: last)
  }

  /// True if something that is done `every` so many rounds is due after `round` of `rounds`, as it
  /// always is after the `last` ones.
  package static func isDue(after round: Int, of rounds: Int, every: Int, last: Int) -> Bool {
    round > rounds - last || (every > 0 && round.isMultiple(of: every))
  }

  /// The most predictions of a client: those of a million clients can be added.
  private static let mostPoints = 1 << 42

  /// The number of evaluators, of so many clients that could be.
  package func count(of able: Int) -> Int {
    switch clients {
    case .all: able
    case .count(let count): min(count, able)
    case .share(let share): share.of(able, rounded: .up)
    }
  }

  /// The fault of a client's scores, which it says are of `heldOut` samples; nil if there is none.
  ///
  /// `heldOut` is what it holds out as far as is known, `lossLimit` the largest mean loss that is
  /// taken.
  func problem(of scores: HoldOutScores, heldOut: Int?, lossLimit: Double?) -> String? {
    if scores.samples < minimumSamples {
      return "field samples is \(scores.samples), below \(minimumSamples) "
        + "(evaluation.minimum.samples)"
    }
    if let heldOut, scores.samples > heldOut {
      return "field samples is \(scores.samples), beyond \(heldOut) that the client holds out"
    }
    let (points, overflow) = scores.samples.multipliedReportingOverflow(by: pointsPerSample)
    if overflow || scores.points != points {
      return "field points is \(scores.points); each sample has \(pointsPerSample)"
    }
    if points > Self.mostPoints {
      return "field points is \(scores.points), more than any client has"
    }
    if scores.confusion.count != (countsConfusion ? classes * classes : 0) {
      return "field confusion has \(scores.confusion.count) counts, for \(classes) classes"
    }
    if scores.classes.count != (tellsClasses && !countsConfusion ? classes : 0) {
      return tellsClasses
        ? "field classes has \(scores.classes.count) scores, for \(classes) classes"
        : "field classes has \(scores.classes.count) scores, which the plan doesn't ask for"
    }
    if let lossLimit, scores.loss > lossLimit * Double(scores.samples) {
      return "field loss is \(scores.loss), beyond \(lossLimit) a sample (training.lossLimit)"
    }
    return nil
  }
}
