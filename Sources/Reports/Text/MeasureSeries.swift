import Ledger
import Measures

/// The values of one measure over a run's rounds.
struct MeasureSeries {
  let measure: Measure
  /// The rounds with a value, in order.
  let points: [(round: Int, value: Double)]
  private let lastRound: Double?
  private let final: Double?

  /// The values of `measure` in `run`, each of its round alone.
  init(_ measure: Measure, in run: RunSummary) {
    self.measure = measure
    points = run.rounds.compactMap { round in
      measure.value(in: round).map { (round.round, $0) }
    }
    lastRound = run.rounds.last.flatMap(measure.value(in:))
    final = run.final[measure]
  }

  /// The last value that is known.
  var last: Double? { points.last?.value }

  /// The points of a plot against rounds; values that aren't finite are left out.
  var plotted: [(x: Double, y: Double)] {
    points.filter(\.value.isFinite).map { (Double($0.round), $0.value) }
  }

  /// One value for the run; nil where there is none.
  func value(_ reduction: Measure.Prometheus.Reduction) -> Double? {
    switch reduction {
    case .last: lastRound
    case .lastKnown: last
    case .final: final
    case .sum: points.reduce(0) { $0 + $1.value }
    }
  }

  /// The phrases about the values in the text report; none where there is nothing to tell.
  var phrases: [String] {
    guard let words = measure.text, let first = points.first?.value, let last else { return [] }
    let text = measure.format.text
    switch words.choice {
    case .fall:
      let least = points.map(\.value).min() ?? last
      return [
        "\(words.name) \(text(first)) at first", "last \(text(last))", "lowest \(text(least))",
      ]
    case .change:
      let isConstant = points.allSatisfy { $0.value == first }
      return ["\(words.name) \(text(first))" + (isConstant ? "" : " at first, last \(text(last))")]
    case .sum:
      let sum = points.reduce(0) { $0 + $1.value }
      return sum == 0 ? [] : ["\(text(sum)) \(words.name)"]
    }
  }
}
