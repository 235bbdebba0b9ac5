package import Ledger

/// The results of one variant's runs, over its seeds.
package struct VariantSummary: Sendable {
  /// The cost of reaching a score, over the seeds.
  package struct Cost: Sendable, Encodable {
    /// The score in question: an accuracy, or a Dice coefficient where segmentation was learnt.
    package let target: Double
    /// The number of runs that reached it.
    package let reached: Int
    /// The bytes on the wire until then, both ways: the mean over those runs; nil if there are
    /// none.
    package let bytes: Double?
    /// The seconds on the run's clock until then: the mean over those runs; nil if there are none.
    package let elapsed: Double?
  }

  /// The variant's name.
  package let name: String
  /// The finished runs, in the order of the sweep.
  package let seeds: [SeedSummary]

  /// The summary of `runs`, all of one variant; there is one at least.
  package init(_ name: String, of runs: [RunSummary], targets: [Double] = []) {
    precondition(!runs.isEmpty, "\(name) without runs")
    self.name = name
    seeds = runs.map { SeedSummary($0, targets: targets) }
  }

  /// The number of finished runs.
  package var runs: Int { seeds.count }
  /// The accuracy of each run: the mean over its last five evaluations; runs without any are left
  /// out.
  package var accuracies: [Double] { seeds.compactMap(\.accuracies?.meanOfLastFive) }
  /// The score of each run, Dice coefficients where segmentation was learnt, as in ``accuracies``.
  package var scores: [Double] { seeds.compactMap(\.scores?.meanOfLastFive) }
  /// True if segmentation was learnt.
  package var isSegmentation: Bool { seeds.contains { $0.dices != nil } }
  /// Bytes on the wire to the clients, the mean over the runs.
  package var down: Double { mean { Double($0.down) } }
  /// Bytes on the wire from the clients, the mean over the runs.
  package var up: Double { mean { Double($0.up) } }
  /// Floating-point operations of training, the mean over the runs.
  package var flops: Double { mean(\.flops) }
  /// Seconds on the runs' clock, the mean over the runs.
  package var elapsed: Double { mean(\.elapsed) }
  /// The number of runs whose model had grown and was no better than guessing at the end.
  package var collapses: Int { seeds.count { $0.collapse == .lasting } }
  /// The number of other runs that were no better than guessing at some time after they had grown.
  package var passingCollapses: Int { seeds.count { $0.collapse == .passing } }

  /// The mean accuracy over the seeds; nil if nothing was evaluated.
  package var accuracy: Double? { Self.mean(of: accuracies) }

  /// The mean score over the seeds; nil if nothing was evaluated.
  package var score: Double? { Self.mean(of: scores) }

  /// The best score of a run, the mean over the seeds; nil if nothing was evaluated.
  package var best: Double? { Self.mean(of: seeds.compactMap(\.scores?.best)) }

  /// The score's standard deviation over the seeds, of a sample; nil for fewer than two.
  package var spread: Double? {
    let scores = scores
    guard let score, scores.count > 1 else { return nil }
    let squares = scores.reduce(0) { $0 + ($1 - score) * ($1 - score) }
    return (squares / Double(scores.count - 1)).squareRoot()
  }

  /// The cost of reaching each of the targets.
  package var costs: [Cost] {
    (seeds.first?.costs ?? []).indices.map { index in
      let bytes = seeds.compactMap { $0.costs[index].bytes.map(Double.init) }
      let times = seeds.compactMap { $0.costs[index].elapsed }
      return Cost(
        target: seeds[0].costs[index].target, reached: bytes.count, bytes: Self.mean(of: bytes),
        elapsed: Self.mean(of: times))
    }
  }

  /// A slope of the squared gradient norm, the mean over the seeds; nil where there is none.
  package func slope(_ law: (Convergence) -> PowerLaw?) -> Double? {
    Self.mean(of: seeds.compactMap { $0.convergence.flatMap(law)?.slope })
  }

  private func mean(_ value: (SeedSummary) -> Double) -> Double {
    seeds.reduce(0) { $0 + value($1) } / Double(seeds.count)
  }

  private static func mean(of values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

extension VariantSummary: Encodable {
  private enum CodingKeys: String, CodingKey {
    case name, runs, accuracies, accuracy, score, scoreDeviation, best, down, up, flops, elapsed
    case collapses, passingCollapses, targets, slopes, seeds
  }

  private struct Slopes: Encodable {
    struct Pair: Encodable {
      let rounds: Double?
      let bytes: Double?
    }
    let lowest: Pair
    let mean: Pair
  }

  /// Writes the variant and each of its runs; "score" is Dice where segmentation was learnt.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(runs, forKey: .runs)
    try container.encode(accuracies, forKey: .accuracies)
    try container.encode(accuracy, forKey: .accuracy)
    try container.encode(score, forKey: .score)
    try container.encode(spread, forKey: .scoreDeviation)
    try container.encode(best, forKey: .best)
    try container.encode(down, forKey: .down)
    try container.encode(up, forKey: .up)
    try container.encode(flops, forKey: .flops)
    try container.encode(elapsed, forKey: .elapsed)
    try container.encode(collapses, forKey: .collapses)
    try container.encode(passingCollapses, forKey: .passingCollapses)
    try container.encode(costs, forKey: .targets)
    if seeds.contains(where: { $0.convergence != nil }) {
      try container.encode(
        Slopes(
          lowest: .init(rounds: slope(\.lowest.rounds), bytes: slope(\.lowest.bytes)),
          mean: .init(rounds: slope(\.mean.rounds), bytes: slope(\.mean.bytes))),
        forKey: .slopes)
    }
    try container.encode(seeds, forKey: .seeds)
  }
}
