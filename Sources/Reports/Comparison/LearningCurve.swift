import Ledger
import Measures

/// A run's accuracy on its way: each evaluated round with what had been spent by its end.
struct LearningCurve {
  /// A quantity that accuracy is plotted against.
  enum Abscissa: Hashable, CaseIterable {
    case rounds, bytes, flops, time

    var title: String {
      switch self {
      case .rounds: "rounds"
      case .bytes: "bytes on the wire"
      case .flops: "FLOPs"
      case .time: "time"
      }
    }

    var axis: Axis {
      switch self {
      case .rounds: Axis("round") { $0.fixed(0) }
      case .bytes:
        Axis("bytes on the wire, both ways", kind: .logarithmic) { ByteCount(Int($0)).description }
      case .flops: Axis("FLOPs of training", kind: .logarithmic) { $0.brief }
      case .time: Axis("time on the run's clock", kind: .time) { Duration.seconds($0).brief }
      }
    }
  }

  /// An evaluated round and the sums up to it.
  struct Point {
    let round: RoundSummary
    /// The round's place among all rounds, from 0.
    let index: Int
    let accuracy: Double
    let bytes: ByteCount
    let flops: Double
    let time: Duration

    /// The squared norm of the full model's gradient; nil where it wasn't taken.
    var squaredGradientNorm: Double? {
      round.squaredGradientNorm.flatMap { $0.isFinite ? $0 : nil }
    }

    func value(_ abscissa: Abscissa) -> Double {
      switch abscissa {
      case .rounds: Double(round.round)
      case .bytes: Double(bytes.bytes)
      case .flops: flops
      case .time: time.seconds
      }
    }
  }

  let points: [Point]
  /// The sums before the first round of each stage but the first, and when it began.
  private let borders: [(point: Point, stage: Int)]

  init(_ summary: RunSummary) {
    var points: [Point] = []
    var borders: [(point: Point, stage: Int)] = []
    var load = Load.zero
    var last: RoundSummary?
    for (index, round) in summary.rounds.enumerated() {
      if let last, last.stage != round.stage {
        let point = Point(
          round: last, index: index - 1, accuracy: 0, bytes: load.traffic.wire, flops: load.flops,
          time: round.opened)
        borders.append((point, round.stage))
      }
      last = round
      load += round.load
      guard let accuracy = round.accuracy, accuracy.isFinite else { continue }
      points.append(
        Point(
          round: round, index: index, accuracy: accuracy, bytes: load.traffic.wire,
          flops: load.flops, time: round.closed))
    }
    self.points = points
    self.borders = borders
  }

  func points(_ abscissa: Abscissa) -> [(x: Double, y: Double)] {
    points.map { ($0.value(abscissa), $0.accuracy) }
  }

  /// The mean Dice coefficients of the foreground; none unless segmentation was learnt.
  func dice(_ abscissa: Abscissa) -> [(x: Double, y: Double)] {
    points.compactMap { point in
      point.round.dice.flatMap { $0.isFinite ? (point.value(abscissa), $0) : nil }
    }
  }

  /// The lowest or mean squared gradient norms so far; none where no gradients were taken.
  func gradients(
    _ measure: Convergence.Statistic, _ abscissa: Abscissa
  ) -> [(x: Double, y: Double)] {
    var (lowest, sum, count) = (Double.infinity, 0.0, 0.0)
    return points.compactMap { point in
      guard let norm = point.squaredGradientNorm else { return nil }
      lowest = min(lowest, norm)
      sum += norm
      count += 1
      return (point.value(abscissa), measure == .lowest ? lowest : sum / count)
    }
  }

  /// The beginnings of stages, with their names.
  func stageBorders(_ abscissa: Abscissa) -> [(x: Double, name: String)] {
    borders.map { ($0.point.value(abscissa), "stage \($0.stage)") }
  }

  /// The highest accuracy on the way; nil if nothing was evaluated.
  var best: Double? { points.map(\.accuracy).max() }

  /// The first point that is as accurate as `accuracy`.
  func first(reaching accuracy: Double) -> Point? { points.first { $0.accuracy >= accuracy } }
}
