import Bytes
package import Ledger
package import Topology
import Wire

/// Writes the models of a run to its directory, each file whole or not at all.
///
/// There are three: a checkpoint after each round, the best model whenever there is a better one,
/// and the last model at the end.
package struct CheckpointWriter {
  /// The best model so far; nil while none was evaluated.
  package internal(set) var best: BestModel?
  /// The normalization that was made of clients' sums, which models carry; nil for none.
  var normalization: FederatedNormalization?
  private let directory: RunPaths
  private let topology: Topology

  /// A writer of the run in `directory`.
  package init(_ directory: RunPaths, of topology: Topology) {
    self.directory = directory
    self.topology = topology
  }

  /// Takes a model for the best one if its score is higher than all before.
  ///
  /// - Parameters:
  ///   - model: The model after a round.
  ///   - score: Its accuracy or Dice coefficient; nil where it wasn't evaluated.
  /// - Returns: True if it is the best now.
  package mutating func notes(_ model: SavedModel, score: Double?) -> Bool {
    guard let score, score.isFinite, score > best?.score ?? -.infinity else { return false }
    best = BestModel(model: model, score: score)
    return true
  }

  /// Writes the best model so far to its file, which is removed where there is none.
  ///
  /// - Throws: `LedgerError`.
  package func saveBest() throws(LedgerError) {
    guard let best else { return try DurableFile.remove(directory.bestModel) }
    try best.model.write(to: directory.bestModel, as: topology, normalizedBy: normalization)
    KillPoint.bestSaved.pass()
  }

  /// Writes a checkpoint; the one before it stays, in case the newest is damaged.
  ///
  /// - Throws: `LedgerError`; the checkpoints before are then as they were.
  package func write(_ checkpoint: Checkpoint) throws(LedgerError) {
    try CheckpointStore(directory: directory.checkpoints).write(checkpoint)
  }

  /// Writes a checkpoint again that a run goes on from.
  ///
  /// - Throws: `LedgerError`.
  func secure(_ checkpoint: Checkpoint) throws(LedgerError) {
    try CheckpointStore(directory: directory.checkpoints).secure(checkpoint)
  }

  /// Writes the last model to its file.
  ///
  /// - Throws: `LedgerError`.
  package func save(_ last: SavedModel) throws(LedgerError) {
    try last.write(to: directory.model, as: topology, normalizedBy: normalization)
    KillPoint.modelSaved.pass()
  }
}
