package import Federation
import Foundation
import Ledger
import LocalTraining
import Topology
package import Wire

/// One normalization for the samples of all clients, made of their sums before the first round.
extension ServerState {
  /// Makes the mean and the deviation of each channel of clients' sums, and keeps them durably.
  ///
  /// A run has one normalization: where it was kept before, that one is the answer.
  ///
  /// - Throws: `LedgerError`, ``LackingSums``.
  package func normalize(_ result: MeasuringResult) throws -> FederatedNormalization {
    KillPoint.sumsReported.pass()
    if let normalization { return normalization }
    guard let made = result.normalization else { throw LackingSums() }
    try keep(
      MeasuredNormalization(
        means: made.means, deviations: made.deviations, clients: result.sums.count,
        samples: result.total?.samples ?? 0))
    KillPoint.normalizationKept.pass()
    return made
  }

  /// The normalization that the run's ledger keeps, or for a run that extends another one that of
  /// the other's, by which the model was trained so far; nil where there is none.
  static func normalization(
    of workload: Workload, kept ledger: RunStore
  ) throws(LedgerError) -> FederatedNormalization? {
    guard let rules = workload.topology.measuringRules else { return nil }
    if let known = try ledger.normalization() {
      return try FederatedNormalization(known, channels: rules.channels, from: ledger)
    }
    guard let origin = workload.topology.overrides.extended?.origin else { return nil }
    let earlier = try RunStore.read(
      at: RunPaths(URL(fileURLWithPath: origin.run, isDirectory: true)).ledger)
    defer { earlier.close() }
    guard let known = try earlier.normalization() else { return nil }
    let made = try FederatedNormalization(known, channels: rules.channels, from: earlier)
    try ledger.keep(known)
    return made
  }
}

extension FederatedNormalization {
  /// The normalization that a ledger keeps.
  init(_ kept: MeasuredNormalization) {
    self.init(means: kept.means, deviations: kept.deviations)
  }

  /// The normalization that `ledger` keeps, for samples of so many channels.
  ///
  /// - Throws: `damaged` where it is one for others.
  fileprivate init(
    _ kept: MeasuredNormalization, channels: Int, from ledger: RunStore
  ) throws(LedgerError) {
    guard kept.means.count == channels else {
      throw .damaged(
        path: ledger.path,
        problem: "its normalization is of \(kept.means.count) channels, and samples have "
          + "\(channels)")
    }
    self.init(kept)
  }
}

/// The sums of no client: what a broker never makes a normalization of.
package struct LackingSums: Error, CustomStringConvertible {
  /// No sums.
  package init() {}

  /// The fault in words.
  package var description: String { "a normalization was to be made of the sums of no client" }
}
