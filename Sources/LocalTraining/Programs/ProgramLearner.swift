import Federation
import Foundation
import Measures
import Models
import Neural
import Tensors
import Topology
import Wire

/// A client for which a trainer program computes.
struct ProgramLearner: Learner {
  let programs: TrainerPrograms
  let client: Int

  var counts: SampleCounts {
    programs.counts(of: client) ?? SampleCounts(training: 0, heldOut: 0)
  }

  func train(
    _ parameters: inout [ParameterVector], by order: TrainingOrder, on lane: TrainingLane
  ) throws -> (outcome: TrainingOutcome, samples: Int) {
    let start = parameters
    let what = "client \(client), round \(order.task.round)"
    let trained = try programs.ask(for: what) { (session) throws(TrainerFault) in
      let files = TrainerFiles(session.folder)
      try files.write(start)
      if let correction = order.correction {
        try files.write(correction: correction, order.trainable)
      }
      let answer = try session.ask(
        "train", request(order, files), isCancelled: order.isCancelled)
      let result = try outcome(answer, most: order.workload.topology.training.settings.lossLimit)
      return (
        result, try files.read(order.trainable.sorted().map { order.stage.layouts[$0] })
      )
    }
    for (index, values) in zip(order.trainable.sorted(), trained.1) { parameters[index] = values }
    return (trained.0, trained.0.samples)
  }

  private func request(_ order: TrainingOrder, _ files: TrainerFiles) -> TrainerSession.Answer {
    let (task, topology) = (order.task, order.workload.topology)
    let training = topology.training
    let settings = training.settings
    let rates = order.rateFactors.map { Double(task.learningRate * $0) }
    let segments = zip(task.segments, rates).map { segment, rate in
      OptionValue.section([
        "name": .text(segment.name), "trained": .flag(segment.trained),
        "learningRate": .number(rate),
      ])
    }
    let seed = order.root.stream("trainer", client, task.round)
    var request = programs.samples(of: client)
    request.merge(
      [
        "round": .whole(task.round), "stage": .whole(task.stage),
        "warmUp": .flag(task.warmUp),
        "segments": .list(segments), "model": .text(files.model), "output": .text(files.output),
        "epochs": .whole(training.epochs), "batch": .whole(training.batch),
        "seed": .whole(Int(seed.key >> 11)), "learningRate": .number(Double(task.learningRate)),
        "optimizer": .text(settings.optimizer.rawValue), "momentum": .number(settings.momentum),
        "weightDecay": .number(settings.weightDecay),
        "clipNorm": settings.clipNorm.map { .number($0) } ?? .null,
        "lossLimit": .number(settings.lossLimit), "proximal": .number(settings.proximal),
        "correction": order.correction == nil ? .null : .text(files.correction),
      ]
    ) { $1 }
    switch settings.optimizer {
    case .sgd: request["nesterov"] = .flag(settings.nesterov)
    case .adam:
      request["beta2"] = .number(settings.beta2)
      request["epsilon"] = .number(settings.epsilon)
    }
    return request
  }

  /// The outcome that an answer to `train` tells.
  private func outcome(
    _ answer: TrainerSession.Answer, most lossLimit: Double
  ) throws(TrainerFault) -> TrainingOutcome {
    guard let samples = answer["samples"]?.whole, (1...counts.training).contains(samples) else {
      throw .nonsense("samples isn't a number from 1 to the \(counts.training) of count")
    }
    guard let loss = answer["loss"]?.number, loss.isFinite, (0...lossLimit).contains(loss) else {
      throw .nonsense("loss isn't a number from 0 to training.lossLimit, \(lossLimit)")
    }
    guard let steps = answer["steps"]?.whole, (1...1_000_000_000).contains(steps) else {
      throw .nonsense("steps isn't a number of at least 1")
    }
    let skipped = answer["skippedSteps"]?.whole ?? 0
    guard (0...1_000_000_000).contains(skipped) else {
      throw .nonsense("skippedSteps isn't a number of at least 0")
    }
    var outcome = TrainingOutcome()
    (outcome.samples, outcome.learnedSamples) = (samples, samples)
    (outcome.steps, outcome.skippedSteps) = (steps, skipped)
    outcome.lossSum = loss * Double(samples)
    return outcome
  }

  func evaluate(
    _ parameters: [ParameterVector], by order: EvaluationOrder, on lane: TrainingLane
  ) throws -> Evaluation {
    let what = "client \(client), evaluation after round \(order.task.round)"
    return try programs.ask(for: what) { (session) throws(TrainerFault) in
      let files = TrainerFiles(session.folder)
      try files.write(parameters)
      var request = programs.samples(of: client)
      request.merge(
        [
          "round": .whole(order.task.round), "stage": .whole(order.task.stage),
          "segments": .list(parameters.map { .section(["name": .text($0.layout.name)]) }),
          "model": .text(files.model), "part": .text("heldOut"),
          "batch": .whole(order.workload.topology.evaluation.batch), "perClass": .flag(false),
        ]
      ) { $1 }
      let points = order.workload.topology.architecture.manifest?.pointsPerSample ?? 1
      return try evaluation(session.ask("evaluate", request), pointsPerSample: points)
    }
  }

  /// The scores that an answer to `evaluate` tells.
  private func evaluation(
    _ answer: TrainerSession.Answer, pointsPerSample: Int
  ) throws(TrainerFault) -> Evaluation {
    guard let samples = answer["samples"]?.whole, (1...counts.heldOut).contains(samples) else {
      throw .nonsense("samples isn't a number from 1 to the \(counts.heldOut) held out")
    }
    let points = answer["points"]?.whole ?? samples
    guard points == samples * pointsPerSample else {
      throw .nonsense("points is \(points), and each sample has \(pointsPerSample)")
    }
    guard let correct = answer["correct"]?.whole, (0...points).contains(correct) else {
      throw .nonsense("correct isn't a number from 0 to the points, \(points)")
    }
    guard let loss = answer["loss"]?.number, loss.isFinite, loss >= 0 else {
      throw .nonsense("loss isn't a number of at least 0")
    }
    var evaluation = Evaluation()
    (evaluation.samples, evaluation.labels, evaluation.correct) = (samples, points, correct)
    evaluation.lossSum = loss
    return evaluation
  }
}
