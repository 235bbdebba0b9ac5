package import Bytes
import Foundation
import Ledger
import LocalTraining
import Models
import Progressive
package import Tensors
import Topology
import Wire

/// A run's sub-model after a round, as it is kept in a file of its own.
package struct SavedModel {
  /// The round after which it was this one, from 1.
  package var round: Int
  /// The stage whose sub-model it is, from 1.
  package var stage: Int
  /// Its segments in the order of the wire: the blocks, then the head.
  package var parameters: [ParameterVector]

  /// The parameters of a stage after a round.
  package init(round: Int, stage: Int, parameters: [ParameterVector]) {
    self.round = round
    self.stage = stage
    self.parameters = parameters
  }

  /// Names it by its content.
  package var digest: Digest { GlobalModel.digest(of: parameters) }

  /// Writes it as safetensors, whole or not at all; tensors are called "block1.conv1.weight", and
  /// a normalization that was made of clients' sums is told beside them.
  func write(
    to url: URL, as topology: Topology, normalizedBy normalization: FederatedNormalization? = nil
  ) throws(LedgerError) {
    let tensors = parameters.flatMap { vector in
      vector.layout.parameters.indices.map { index in
        ("\(vector.layout.name).\(vector.layout.parameters[index].name)", vector.tensor(index))
      }
    }
    var metadata = [
      "format": "pt", "architecture": topology.architecture.name, "stage": "\(stage)",
      "round": "\(round)",
    ]
    if let normalization {
      metadata[ModelNormalization.meansKey] = "\(normalization.means)"
      metadata[ModelNormalization.deviationsKey] = "\(normalization.deviations)"
    }
    let file = SafeTensors(
      tensors: Dictionary(uniqueKeysWithValues: tensors), metadata: metadata)
    try DurableFile.write(file.encoded(), to: url)
  }
}

/// The best model of a run so far: that of the first evaluated round that no other one beats.
///
/// It is judged by what the run is: the mean Dice coefficient where pixels are labelled, the
/// accuracy elsewhere.
package struct BestModel {
  /// The part of a checkpoint that describes it, beside its values.
  struct State: Codable {
    /// The round after which it was the model.
    var round: Int
    /// The stage whose sub-model it is.
    var stage: Int
    /// Its score.
    var score: Double
  }

  /// The model.
  package var model: SavedModel
  /// Its score, in [0, 1].
  package var score: Double

  /// Its description in a checkpoint.
  var state: State { State(round: model.round, stage: model.stage, score: score) }

  /// Adds its values to a checkpoint, flat, under "best.block1", unless that is of its own round
  /// and has them.
  func keep(in checkpoint: inout Checkpoint) {
    guard checkpoint.round != model.round else { return }
    for vector in model.parameters {
      checkpoint.tensors["best.\(vector.layout.name)"] = .flat(vector.scalars)
    }
  }
}

extension BestModel {
  /// The best model that a checkpoint kept, whose own model is `last`.
  ///
  /// - Throws: `CheckpointMismatch` if the checkpoint lacks it.
  init(
    _ state: State, in checkpoint: Checkpoint, last: SavedModel, of workload: Workload
  ) throws(CheckpointMismatch) {
    score = state.score
    guard state.round != checkpoint.round else {
      model = last
      return
    }
    guard (1...workload.topology.architecture.stages).contains(state.stage) else {
      throw CheckpointMismatch(what: "stage \(state.stage) of the best model")
    }
    var parameters: [ParameterVector] = []
    // Where all heads supervise, the network has more of them than the model that is kept.
    let names = SegmentName.all(stage: state.stage).map { "\($0)" }
    for layout in workload.network(stage: state.stage).layouts where names.contains(layout.name) {
      guard let vector = try checkpoint.flat("best", layout) else {
        throw CheckpointMismatch(what: "best.\(layout.name)")
      }
      parameters.append(vector)
    }
    model = SavedModel(round: state.round, stage: state.stage, parameters: parameters)
  }
}

/// A model whose values are no longer finite, or beyond what can be sent: training has diverged.
package struct DivergedModel: Error, CustomStringConvertible {
  /// The last round that ended, from 1; 0 before the first.
  let round: Int
  /// The run directory.
  let directory: RunPaths

  /// The message: the fault, its place and the remedy.
  package var description: String {
    let path = directory.directory.path(percentEncoded: false)
    guard round > 0 else {
      return """
        \(path): the values that the model starts from are too large to be sent; begin a new run from another file, \
        or with codecs.down: dense32
        """
    }
    return """
      \(path): after round \(round) the model's values are infinite, not numbers, or too large to be sent: training \
      diverged; begin a new run with a lower training.learningRate or server.learningRate, or with training.clipNorm
      """
  }
}
