package import Bytes
import Codecs
import Datasets
package import Federation
import Models
package import Neural
import Tensors
import Topology
package import Wire

/// One client's evaluation of a round's model on what it holds out: counts and sums, no sample.
///
/// A pure function of its fields: the lane and the thread change nothing. Batches are those of
/// training, which broker and clients agree on, so that equal samples give equal sums everywhere.
package struct LocalEvaluation: Sendable {
  let workload: Workload
  let task: ClientTask
  /// The states of the model's segments in order.
  let states: [SegmentState]
  /// The samples that the client holds out.
  let samples: SampleChoice

  /// The evaluation of the model of `task` on `samples`.
  package init(
    workload: Workload, task: ClientTask, states: [SegmentState], samples: SampleChoice
  ) {
    self.workload = workload
    self.task = task
    self.states = states
    self.samples = samples
  }

  /// Evaluates on `lane` and says what came of it.
  package func run(on lane: TrainingLane) -> LocalScores {
    let minimum = workload.topology.evaluation.minimumSamples
    guard samples.count >= max(1, minimum) else {
      return .failed(
        .noData,
        detail: samples.isEmpty
          ? "it holds no samples out"
          : "it holds out fewer samples than the \(minimum) of evaluation.minimum.samples")
    }
    do {
      let evaluation = try evaluate(on: lane)
      guard evaluation.lossSum.isFinite else {
        return .failed(.diverged, detail: "the loss of what it holds out isn't finite")
      }
      return .scored(
        HoldOutScores(
          evaluation, of: task.base, tellsClasses: workload.topology.evaluation.perClass))
    } catch CodecError.notFinite {
      return .failed(.diverged, detail: "the model's parameters are no longer finite")
    } catch {
      return .failed(.failed, detail: "\(error)")
    }
  }

  private func evaluate(on lane: TrainingLane) throws -> Evaluation {
    let stage = workload.network(stage: task.stage)
    let names = stage.layouts.map(\.name)
    guard states.prefix(names.count).map(\.name) == names else {
      throw LocalTrainingError.otherSegments(announced: states.map(\.name), needed: names)
    }
    let limit = workload.topology.codecs.down.smallTensorLimit
    let parameters = try zip(states, stage.layouts).map { state, layout in
      try state.values(layout: layout, smallTensorLimit: limit)
    }
    let batch = workload.topology.training.batch
    let trainer = try lane.trainer(for: stage.network, stage: task.stage, batch: batch)
    var batches = SequentialBatches(
      dataset: samples.dataset, samples: samples.indices,
      augmentation: workload.topology.data.augmentation.forEvaluation)
    return try trainer.evaluate(parameters, source: &batches, batch: batch)
  }
}

/// The result of a client's evaluation.
package enum LocalScores: Sendable {
  /// Counts and sums.
  case scored(HoldOutScores)
  /// None, for this reason.
  case failed(DeclineReason, detail: String)
}

extension HoldOutScores {
  /// The scores of the model named `base`, with those of each class where the plan asks for them.
  package init(_ evaluation: Evaluation, of base: Digest, tellsClasses: Bool) {
    self.init(
      base: base, samples: evaluation.samples, points: evaluation.labels,
      correct: evaluation.correct, loss: evaluation.lossSum, confusion: evaluation.confusion,
      classes: tellsClasses
        ? evaluation.classes.map { ClassScore(samples: $0.samples, correct: $0.correct) } : [])
  }
}

extension Evaluation {
  /// An evaluation as a client tells of it.
  package init(_ scores: HoldOutScores) {
    self.init()
    samples = scores.samples
    labels = scores.points
    correct = scores.correct
    lossSum = scores.loss
    confusion = scores.confusion
    classes = scores.classes.map { ClassScore(samples: $0.samples, correct: $0.correct) }
  }
}
