import Foundation
package import Ledger
import Measures

/// The speed at which a run came towards a stationary point of the full model.
///
/// Theory bounds the lowest and the mean squared norm of the gradient over the rounds so far. Both
/// are fitted, over the evaluated rounds, as powers of the round's number and of the bytes on the
/// wire, both ways, up to its end.
package struct Convergence: Hashable, Sendable, Encodable {
  /// A statistic of the squared norms so far.
  enum Statistic: String, CaseIterable {
    case lowest, mean
  }

  /// A measure as powers of what was spent; nil for fewer than two rounds.
  package struct Fits: Hashable, Sendable, Encodable {
    /// As a power of the rounds.
    package let rounds: PowerLaw?
    /// As a power of the bytes.
    package let bytes: PowerLaw?
  }

  /// The number of rounds with a gradient.
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
    func fits(_ measure: Statistic) -> Fits {
      Fits(
        rounds: PowerLaw(through: course.gradients(measure, .rounds)),
        bytes: PowerLaw(through: course.gradients(measure, .bytes)))
    }
    lowest = fits(.lowest)
    mean = fits(.mean)
  }

  /// The meaning of the figures, for their readers.
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

/// A power law y = c · x^k through some points, fitted by least squares on the logarithms of both.
package struct PowerLaw: Hashable, Sendable {
  /// The exponent k: the slope in a picture whose axes are both logarithmic.
  package let slope: Double
  /// The decimal logarithm of c.
  package let intercept: Double
  /// The share of the logarithms' variance that the law explains, R²; 1 where all points lie on it.
  package let rSquared: Double
  /// The number of points that it was fitted to.
  package let points: Int

  /// The law through `points`, those left out that have no logarithms; nil unless two abscissas
  /// differ.
  package init?(through points: [(x: Double, y: Double)]) {
    let logarithms = points.compactMap { point -> (x: Double, y: Double)? in
      guard point.x > 0, point.y > 0, point.x.isFinite, point.y.isFinite else { return nil }
      return (log10(point.x), log10(point.y))
    }
    let count = Double(logarithms.count)
    guard count > 1 else { return nil }
    let x = logarithms.reduce(0) { $0 + $1.x } / count
    let y = logarithms.reduce(0) { $0 + $1.y } / count
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for point in logarithms {
      xx += (point.x - x) * (point.x - x)
      xy += (point.x - x) * (point.y - y)
      yy += (point.y - y) * (point.y - y)
    }
    guard xx > 0 else { return nil }
    slope = xy / xx
    intercept = y - slope * x
    rSquared = yy > 0 ? xy * xy / (xx * yy) : 1
    self.points = logarithms.count
  }

  /// The value at `x`, which is above 0.
  func value(at x: Double) -> Double { pow(10, intercept + slope * log10(x)) }
}

extension PowerLaw: Encodable {
  private enum CodingKeys: String, CodingKey {
    case slope, intercept, rSquared, points
  }
}

/// The squared gradient norms of runs on logarithmic axes, each with its power law.
struct ConvergencePlot {
  let names: [String]
  let courses: [LearningCurve]

  /// The plots of the lowest and the mean norm so far, against rounds and against bytes.
  func figures() -> [(caption: String, plot: String)] {
    Convergence.Statistic.allCases.flatMap { measure in
      [LearningCurve.Abscissa.rounds, .bytes].map { abscissa in
        (
          caption: "\(measure.rawValue) so far, against \(abscissa.title)",
          plot: plot(measure, abscissa)
        )
      }
    }
  }

  private func plot(_ measure: Convergence.Statistic, _ abscissa: LearningCurve.Abscissa) -> String
  {
    let series = courses.indices.map {
      LinePlot.Series(name: names[$0], points: courses[$0].gradients(measure, abscissa))
    }
    let name = measure.rawValue.prefix(1).uppercased() + measure.rawValue.dropFirst()
    return LinePlot(
      description: "\(name) squared gradient norm against \(abscissa.title)",
      x: Axis(abscissa.axis.title, kind: .logarithmic, label: abscissa.axis.label),
      y: Axis("squared gradient norm", kind: .logarithmic) { $0.scientific }, series: series,
      trends: series.indices.compactMap { index in
        PowerLaw(through: series[index].points).map { (index, $0) }
      }
    ).markup()
  }
}
