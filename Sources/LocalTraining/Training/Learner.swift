import Datasets
package import Federation
import Measures
import Models
package import Neural
package import Tensors
import Topology

/// Whoever computes for one client: trains a sub-model on its samples, and evaluates one on what it
/// holds out.
///
/// What comes of an order depends on the order alone, and not on the lane or on earlier orders.
package protocol Learner: Sendable {
  /// The numbers of the client's samples, as far as they are known before.
  var counts: SampleCounts { get }

  /// Trains `parameters`, the values of the sub-model's segments.
  ///
  /// - Returns: The steps made, and the number of different samples: the weight of the update.
  func train(
    _ parameters: inout [ParameterVector], by order: TrainingOrder, on lane: TrainingLane
  ) throws -> (outcome: TrainingOutcome, samples: Int)

  /// Evaluates `parameters` on what the client holds out.
  func evaluate(
    _ parameters: [ParameterVector], by order: EvaluationOrder, on lane: TrainingLane
  ) throws -> Evaluation
}

/// An order to train for a client in a round.
package struct TrainingOrder: Sendable {
  /// The model, the settings and the data of the run.
  let workload: Workload
  /// The broker's task.
  let task: ClientTask
  /// The client.
  let client: Int
  /// The run's seed.
  let seed: UInt64
  /// The places of the segments that are trained.
  let trainable: Set<Int>
  /// The factors of the segments' learning rates.
  let rateFactors: [Float]
  /// The additions to the gradients of all segments; nil for none.
  let correction: [ParameterVector]?
  /// Tells whether the update is no longer needed.
  let isCancelled: @Sendable () -> Bool

  /// The sub-model of the task.
  var stage: NetworkOfStage { workload.network(stage: task.stage) }
  /// The stream from which the run's chance is drawn.
  var root: RandomStream { RandomStream(seed: seed) }
}

/// An order to evaluate a round's model for a client.
package struct EvaluationOrder: Sendable {
  /// The model, the settings and the data of the run.
  let workload: Workload
  /// The broker's task.
  let task: ClientTask
  /// The client.
  let client: Int
  /// The run's seed.
  let seed: UInt64

  /// The sub-model of the task.
  var stage: NetworkOfStage { workload.network(stage: task.stage) }
}

/// A client of the program's own models, on samples that are in memory.
package struct BuiltInLearner: Learner {
  /// The samples to train on, and those held out.
  package let samples: ClientSamples

  /// A client of these samples.
  package init(_ samples: ClientSamples) { self.samples = samples }

  package var counts: SampleCounts { samples.counts }

  package func train(
    _ parameters: inout [ParameterVector], by order: TrainingOrder, on lane: TrainingLane
  ) throws -> (outcome: TrainingOutcome, samples: Int) {
    let (topology, task) = (order.workload.topology, order.task)
    let root = order.root
    let trainer = try lane.trainer(
      for: order.stage.network, stage: task.stage, batch: topology.training.batch)
    var batches = ClientBatches(
      dataset: samples.training.dataset, samples: samples.training.indices,
      epochs: topology.training.epochs, augmentation: topology.data.augmentation,
      stream: root.stream("batches", order.client, task.round))
    var settings = topology.training.settings(learningRate: task.learningRate)
    if task.newBlockRate != 1 { settings.rateFactors = order.rateFactors }
    let outcome = try trainer.train(
      &parameters, trainable: order.trainable, source: &batches,
      settings: settings, random: root.stream("dropout", order.client, task.round),
      correction: order.correction)
    return (outcome, samples.training.count)
  }

  package func evaluate(
    _ parameters: [ParameterVector], by order: EvaluationOrder, on lane: TrainingLane
  ) throws -> Evaluation {
    let topology = order.workload.topology
    let batch = topology.training.batch
    let trainer = try lane.trainer(
      for: order.stage.network, stage: order.task.stage, batch: batch)
    var batches = SequentialBatches(
      dataset: samples.heldOut.dataset, samples: samples.heldOut.indices,
      augmentation: topology.data.augmentation.forEvaluation)
    return try trainer.evaluate(parameters, source: &batches, batch: batch)
  }
}
