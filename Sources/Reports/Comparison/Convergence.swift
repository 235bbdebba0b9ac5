package import Ledger
import Measures

/// How fast a run came towards a stationary point of the full model.
///
/// Theory bounds the lowest and the mean squared norm of the gradient over the rounds so far. Both are fitted, over the
/// evaluated rounds, as powers of the round's number and of the bytes on the wire, both ways, up to its end.
package struct Convergence: Hashable, Sendable, Encodable {
  /// What is looked at of the squared norms so far.
  enum Measure: String, CaseIterable {
    case lowest, mean
  }

  /// A measure as powers of what was spent; nil for fewer than two rounds.
  package struct Fits: Hashable, Sendable, Encodable {
    /// As a power of the rounds.
    package let rounds: PowerLaw?
    /// As a power of the bytes.
    package let bytes: PowerLaw?
  }

  /// How many rounds have a gradient.
  package let evaluations: Int
  /// The squared norm after the last of them.
  package let last: Double
  /// The lowest squared norm of all.
  package let minimum: Double
  /// The lowest squared norm so far.
  package let lowest: Fits
  /// The mean squared norm so far.
  package let mean: Fits

  /// The convergence of `run`; nil where no gradients were taken.
  package init?(_ run: RunSummary) { self.init(LearningCurve(run)) }

  init?(_ course: LearningCurve) {
    let norms = course.points.compactMap(\.squaredGradientNorm)
    guard let last = norms.last, let minimum = norms.min() else { return nil }
    evaluations = norms.count
    self.last = last
    self.minimum = minimum
    func fits(_ measure: Measure) -> Fits {
      Fits(
        rounds: PowerLaw(through: course.gradients(measure, .rounds)),
        bytes: PowerLaw(through: course.gradients(measure, .bytes)))
    }
    lowest = fits(.lowest)
    mean = fits(.mean)
  }

  /// What the figures mean, for those who read them.
  static let explanation = """
    The squared norm of the gradient of the full model's mean loss on a fixed choice of training samples; at early \
    stages the later blocks are as they will be initialized. Its lowest and its mean over the rounds so far are fitted \
    as c · x^k, by least squares on the logarithms; x are rounds, or bytes on the wire both ways, and k is the slope.
    """

  /// The heads of the columns of ``cells``.
  static let heads = [
    "last squared norm", "lowest", "slope of the lowest against rounds", "R²", "against bytes",
    "R²", "slope of the mean against rounds", "R²", "against bytes", "R²",
  ]

  /// The figures for a table.
  var cells: [String] {
    [last.scientific, minimum.scientific]
      + [lowest.rounds, lowest.bytes, mean.rounds, mean.bytes].flatMap { law in
        [law?.slope.fixed(2) ?? "–", law?.rSquared.fixed(3) ?? "–"]
      }
  }
}
