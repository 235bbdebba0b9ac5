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
  let client: Int
  let seed: UInt64
  /// The states of the model's segments in order.
  let states: [SegmentState]
  /// Whoever evaluates for the client.
  let learner: any Learner

  /// The evaluation of the model of `task` on what `client` holds out.
  package init(
    workload: Workload, task: ClientTask, client: Int, seed: UInt64, states: [SegmentState],
    learner: any Learner
  ) {
    self.workload = workload
    self.task = task
    self.client = client
    self.seed = seed
    self.states = states
    self.learner = learner
  }

  /// Evaluates on `lane` and says what came of it.
  package func run(on lane: TrainingLane) -> LocalScores {
    let minimum = workload.topology.evaluation.minimumSamples
    let heldOut = learner.counts.heldOut
    guard heldOut >= max(1, minimum) else {
      return .failed(
        .noData,
        detail: heldOut == 0
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
    } catch let fault as TrainerFault {
      return .failed(fault.reason, detail: "\(fault)")
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
    let order = EvaluationOrder(workload: workload, task: task, client: client, seed: seed)
    return try learner.evaluate(parameters, by: order, on: lane)
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
