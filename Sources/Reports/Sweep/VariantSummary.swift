package import Ledger
import Measures

/// What the runs of one variant came to, over its seeds.
package struct VariantSummary: Hashable, Sendable, Encodable {
  /// The variant's name.
  package let name: String
  /// How many runs were finished.
  package let runs: Int
  /// The accuracy of each run: the mean over its last five evaluations; runs without any are left out.
  package let accuracies: [Double]
  /// Bytes on the wire to the clients, the mean over the runs.
  package let down: Double
  /// Bytes on the wire from the clients, the mean over the runs.
  package let up: Double
  /// Floating-point operations of training, the mean over the runs.
  package let flops: Double
  /// Seconds on the runs' clock, the mean over the runs.
  package let elapsed: Double

  /// How many evaluations at a run's end its accuracy is the mean of.
  package static let evaluations = 5

  /// The summary of `runs`, all of one variant; there is one at least.
  package init(_ name: String, of runs: [RunSummary]) {
    precondition(!runs.isEmpty, "\(name) without runs")
    func mean(_ value: (RunSummary) -> Double) -> Double {
      runs.reduce(0) { $0 + value($1) } / Double(runs.count)
    }
    self.name = name
    self.runs = runs.count
    accuracies = runs.compactMap { run in
      let last = run.rounds.compactMap(\.accuracy).suffix(Self.evaluations)
      return last.isEmpty ? nil : last.reduce(0, +) / Double(last.count)
    }
    down = mean { Double($0.totals.traffic.down.wire.bytes) }
    up = mean { Double($0.totals.traffic.up.wire.bytes) }
    flops = mean { $0.totals.flops }
    elapsed = mean { $0.elapsed.seconds }
  }

  /// The mean accuracy over the seeds; nil if nothing was evaluated.
  package var accuracy: Double? {
    accuracies.isEmpty ? nil : accuracies.reduce(0, +) / Double(accuracies.count)
  }

  /// The sample's standard deviation over the seeds; nil for fewer than two.
  package var spread: Double? {
    guard let accuracy, accuracies.count > 1 else { return nil }
    let squares = accuracies.reduce(0) { $0 + ($1 - accuracy) * ($1 - accuracy) }
    return (squares / Double(accuracies.count - 1)).squareRoot()
  }
}
