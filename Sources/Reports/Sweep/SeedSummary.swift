import Bytes
package import Ledger
import Measures

/// The result of one run of a sweep: a variant with a seed.
package struct SeedSummary: Sendable {
  /// The cost of reaching a score; all nil where it wasn't reached.
  package struct Cost: Sendable, Encodable {
    /// The score in question: an accuracy, or a Dice coefficient where segmentation was learnt.
    package let target: Double
    /// The first evaluated round that reached it.
    package let round: Int?
    /// The bytes on the wire up to its end, both ways.
    package let bytes: Int?
    /// The operations of training up to its end.
    package let flops: Double?
    /// The run's clock at its end, in seconds, with all waiting before it.
    package let elapsed: Double?
  }

  /// The seed.
  package let seed: UInt64
  /// The number of rounds that were run.
  package let rounds: Int
  /// The accuracies on the way; nil if nothing was evaluated.
  package let accuracies: ScoreSummary?
  /// The mean Dice coefficients on the way; nil unless segmentation was learnt.
  package let dices: ScoreSummary?
  /// The accuracy's spread over the clients at the end; nil where that isn't known.
  package let fairness: Fairness?
  /// Bytes on the wire to the clients.
  package let down: Int
  /// Bytes on the wire from the clients.
  package let up: Int
  /// Floating-point operations of training.
  package let flops: Double
  /// Seconds on the run's clock.
  package let elapsed: Double
  /// Seconds on the wall's clock.
  package let wallClock: Double
  /// The stage of a collapse: never, for a time, or at the end.
  package let collapse: Collapse
  /// The cost of reaching each of the targets.
  package let costs: [Cost]
  /// The fall of the full model's gradient; nil where it wasn't taken.
  package let convergence: Convergence?
  /// The last values of the measures that runs are compared by.
  package let measures: MeasureFields
  /// Names the final model by its content.
  let modelDigest: Digest?

  /// The scores to judge by: Dice coefficients where segmentation was learnt, accuracies elsewhere.
  package var scores: ScoreSummary? { dices ?? accuracies }

  /// The summary of `run`, with the cost of reaching `targets`.
  init(_ run: RunSummary, targets: [Double]) {
    let course = LearningCurve(run)
    seed = run.seed
    rounds = run.rounds.count
    accuracies = run.final.accuracies
    dices = run.final.dices
    fairness = run.rounds.last { $0.fairness != nil }?.fairness
    down = run.totals.traffic.down.wire.bytes
    up = run.totals.traffic.up.wire.bytes
    flops = run.totals.flops
    elapsed = run.elapsed.seconds
    wallClock = run.wallClock?.seconds ?? 0
    collapse = Collapse(run)
    let isSegmentation = run.final.dices != nil
    costs = targets.map { target in
      let point = course.points.first { point in
        isSegmentation ? (point.round.dice ?? 0) >= target : point.accuracy >= target
      }
      return Cost(
        target: target, round: point?.round.round, bytes: point?.bytes.bytes, flops: point?.flops,
        elapsed: point?.time.seconds)
    }
    convergence = Convergence(course)
    measures = MeasureFields(run, isNullWritten: true)
    modelDigest = run.final.modelDigest
  }
}

extension SeedSummary: Encodable {
  private enum CodingKeys: String, CodingKey {
    case seed, rounds, accuracy, best, last, dice, bestDice, lastDice, fairness, down, up, flops
    case elapsed, wallClock, collapse, targets, convergence, modelDigest
  }

  /// Writes the run; "accuracy" and "dice" are means of the last five evaluations.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(seed, forKey: .seed)
    try container.encode(rounds, forKey: .rounds)
    try container.encode(accuracies?.meanOfLastFive, forKey: .accuracy)
    try container.encode(accuracies?.best, forKey: .best)
    try container.encode(accuracies?.last, forKey: .last)
    try container.encodeIfPresent(dices?.meanOfLastFive, forKey: .dice)
    try container.encodeIfPresent(dices?.best, forKey: .bestDice)
    try container.encodeIfPresent(dices?.last, forKey: .lastDice)
    try container.encodeIfPresent(fairness, forKey: .fairness)
    try container.encode(down, forKey: .down)
    try container.encode(up, forKey: .up)
    try container.encode(flops, forKey: .flops)
    try container.encode(elapsed, forKey: .elapsed)
    try container.encode(wallClock, forKey: .wallClock)
    try container.encode(collapse, forKey: .collapse)
    try container.encode(costs, forKey: .targets)
    try container.encodeIfPresent(convergence, forKey: .convergence)
    try measures.encode(to: encoder)
    try container.encode(modelDigest?.hex, forKey: .modelDigest)
  }
}

/// The collapse of a run's model after it had grown: it was then no better than guessing.
package enum Collapse: String, Hashable, Sendable, Encodable {
  /// It never was.
  case none
  /// It was, but not at the end.
  case passing
  /// It is so at the end, by the mean of the last five evaluations.
  case lasting

  /// The collapse of `run`: an evaluation from stage 2 on within a fifth of the score of guessing.
  ///
  /// That is one over the number of labels; for segmentation, where most pixels are background, a
  /// mean Dice coefficient of 0.05. Where labels weren't counted, the warnings of the run itself
  /// tell.
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
