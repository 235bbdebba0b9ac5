package import Datasets
package import Federation
import Topology
package import Wire

/// The sums over the samples that a client trains on, as it tells them before the first round.
///
/// A pure function of the samples and their order: equal files give equal bits everywhere.
package enum LocalSums: Sendable {
  /// Sums.
  case measured(SampleSums)
  /// None, for this reason.
  case failed(DeclineReason, detail: String)

  /// The sums over `samples`; none where there are fewer than `minimum`.
  ///
  /// Where numbers of samples are told in multiples of `unit`, the sums are those of as many
  /// samples as are told, with the same means.
  package init(over samples: SampleChoice, minimum: Int, unit: Int = 1) {
    guard samples.count >= max(1, minimum) else {
      self = .failed(
        .noData,
        detail: samples.isEmpty
          ? "it has no samples to train on"
          : "it trains on fewer samples than the \(minimum) of evaluation.minimum.samples")
      return
    }
    let sums = ChannelSums(samples.dataset, samples.indices)
    guard (sums.sums + sums.squares).allSatisfy(\.isFinite) else {
      self = .failed(.badData, detail: "the sums over its samples aren't finite")
      return
    }
    let told = samples.count.told(by: unit)
    let factor = Double(told) / Double(samples.count)
    self = .measured(
      SampleSums(
        samples: told, values: sums.count / samples.count * told,
        sums: sums.sums.map { $0 * factor }, squares: sums.squares.map { $0 * factor }))
  }
}

extension Normalization {
  /// The normalization that the broker made of clients' sums.
  package init(_ made: FederatedNormalization) {
    self.init(means: made.means, deviations: made.deviations)
  }
}

extension MeasuringResult {
  /// The mean and deviation of each channel over the samples of all clients that reported; nil
  /// where none did.
  package var normalization: FederatedNormalization? {
    guard let total,
      let made = ChannelSums(count: total.values, sums: total.sums, squares: total.squares)
        .normalization
    else { return nil }
    return FederatedNormalization(means: made.means, deviations: made.deviations)
  }
}
