package import Neural
package import OneDNN

/// What one lane of the pool keeps between jobs: its trainers, one per network.
///
/// SAFETY of `@unchecked Sendable`: a lane's jobs run one after the other on its serial queue, and
/// nothing else touches it.
package final class TrainingLane: @unchecked Sendable {
  private var trainer: (stage: Int, batch: Int, trainer: Trainer)?

  /// The lane's trainer for `network` at `stage`, made at the first use and kept until the stage changes.
  ///
  /// - Throws: `DNNLError` if the network can't be compiled.
  package func trainer(for network: Network, stage: Int, batch: Int) throws(DNNLError) -> Trainer {
    if let (known, size, trainer) = trainer, known == stage, size == batch {
      // The setting is per thread, and Dispatch may run the lane on another one now.
      Library.useOneThread()
      return trainer
    }
    trainer = nil
    let fresh = try Trainer(network: network, batch: batch)
    trainer = (stage, batch, fresh)
    return fresh
  }
}
