import Datasets
package import Federation
import Ledger
package import LocalTraining
import Models
import Neural
package import Progressive
import Synchronization
import Tensors
import Topology

/// Tests the model after the rounds for which that is due, on samples that nobody trains on.
package struct Evaluator {
  /// The figures of the last evaluation that a run ends with.
  package struct Scores: Hashable {
    /// The accuracy, in [0, 1].
    package var accuracy: Double?
    /// The mean loss.
    package var loss: Double?
    /// The mean Dice coefficient, in [0, 1]; nil unless pixels are labelled.
    package var dice: Double?
  }

  /// The figures of the last evaluation; none before the first.
  package private(set) var latest = Scores()
  /// The watch over models that are no better than guessing.
  private(set) var collapse = CollapseWatch()
  private let workload: Workload
  private let plan: BrokerPlan
  private let pool: TrainingPool
  /// The number of training samples of each class that each client has.
  private let labels: [[Int]]
  private let probe: ConvergenceProbe?
  /// The test samples of each client that has any, once they were asked for.
  private var ownTests: [[Int]]?

  /// An evaluator that has tested nothing yet.
  package init(_ workload: Workload, _ plan: BrokerPlan, pool: TrainingPool, labels: [[Int]]) {
    self.workload = workload
    self.plan = plan
    self.pool = pool
    self.labels = labels
    probe = ConvergenceProbe(
      workload, samples: workload.topology.evaluation.gradient, seed: plan.seed)
  }

  /// Takes up what a checkpoint kept.
  mutating func restore(_ scores: Scores, collapse: CollapseWatch) {
    latest = scores
    self.collapse = collapse
  }

  /// Tests the model after the round of `phase` on the broker's own samples.
  ///
  /// - Returns: Its figures; nil where no evaluation is due.
  /// - Throws: `DNNLError` if oneDNN fails, `PartitionError` if the data can't be dealt out.
  package mutating func evaluate(_ model: GlobalModel, in phase: Phase) throws -> RoundEvaluation? {
    let schedule = plan.schedule
    guard workload.topology.evaluation.isDue(after: phase.round, of: schedule.totalRounds) else {
      return nil
    }
    let (all, clients) = try test(model.parameters(phase.segments), stage: phase.stage)
    let regions = workload.test.regions
    var evaluation = RoundEvaluation(
      accuracy: all.accuracy, loss: all.meanLoss, dice: all.meanDice(of: regions),
      isTested: all.samples > 0)
    evaluation.fairness =
      Fairness(of: clients.compactMap { $0.meanDice(of: regions) ?? $0.accuracy })
      ?? Fairness(labels: labels, classAccuracies: all.classes.map(\.accuracy))
    evaluation.squaredGradientNorm = try probe?.squaredGradientNorm(
      at: model.fullModel(from: phase.stage), on: pool)
    return evaluation
  }

  /// True if the model's loss on the first test sample is a finite number, or there is none.
  ///
  /// A model is looked at so after rounds whose evaluation isn't due.
  package func hasFiniteLoss(_ model: GlobalModel, in phase: Phase) throws -> Bool {
    guard workload.test.count > 0,
      let network = workload.network(stage: phase.stage).model.network
    else { return true }
    let test = workload.test
    let parameters = model.parameters(phase.segments)
    let batch = workload.topology.training.batch
    let augmentation = workload.topology.data.augmentation.forEvaluation
    let result = Mutex<Result<Evaluation, any Error>?>(nil)
    pool.forEach(1) { _, lane in
      let evaluation = Result<Evaluation, any Error> {
        let trainer = try lane.trainer(for: network, stage: phase.stage, batch: batch)
        var first = SequentialBatches(dataset: test, samples: [0], augmentation: augmentation)
        return try trainer.evaluate(parameters, source: &first, batch: 1)
      }
      result.withLock { $0 = evaluation }
    }
    return try result.withLock(\.self)?.get().meanLoss?.isFinite ?? true
  }

  /// Takes in the figures of a round's model, whoever evaluated it, and looks whether it collapsed.
  package mutating func judge(_ evaluation: inout RoundEvaluation, in phase: Phase) {
    latest = Scores(
      accuracy: evaluation.accuracy, loss: evaluation.loss, dice: evaluation.dice)
    // Nearly all pixels are background: only Dice tells that nothing else is found any more.
    let classes = workload.topology.architecture.classes
    let chance = evaluation.dice == nil ? classes.map { 1 / Double(max($0, 1)) } : 0.05
    if let quality = evaluation.quality, let chance {
      evaluation.hasCollapsed = collapse.notices(quality, stage: phase.stage, chance: chance)
    }
  }

  /// The figures of the clients' scores; nil where there are too few to be shown.
  func figures(_ result: EvaluationResult) -> HeldOutFigures? {
    HeldOutFigures(
      result, minimum: plan.evaluation?.minimumClients ?? 1, regions: workload.test.regions)
  }

  /// Evaluates on the test set, in parts that don't depend on the threads, so that sums don't
  /// either.
  ///
  /// - Returns: The counts and sums over all samples, and over each client's own, where the data
  ///   tells whose they are.
  private mutating func test(
    _ parameters: [ParameterVector], stage: Int
  ) throws -> (all: Evaluation, clients: [Evaluation]) {
    let test = workload.test
    // A model that the broker can't compute is tested by clients.
    guard let network = workload.network(stage: stage).model.network else {
      return (Evaluation(), [])
    }
    let batch = workload.topology.evaluation.batch
    let own = try ownTests ?? workload.ownTests(seed: plan.seed)
    ownTests = own
    let owned = Set(own.joined())
    let rest = (0..<test.count).filter { !owned.contains($0) }
    let part = max(batch, (test.count + 15) / 16)
    let parts =
      own
      + stride(from: 0, to: rest.count, by: part).map {
        Array(rest[$0..<min($0 + part, rest.count)])
      }
    let results = Mutex<[Int: Result<Evaluation, any Error>]>([:])
    let augmentation = workload.topology.data.augmentation.forEvaluation
    let trainingBatch = workload.topology.training.batch
    pool.forEach(parts.count) { index, lane in
      let result = Result<Evaluation, any Error> {
        let trainer = try lane.trainer(
          for: network, stage: stage, batch: trainingBatch)
        var batches = SequentialBatches(
          dataset: test, samples: parts[index], augmentation: augmentation)
        return try trainer.evaluate(parameters, source: &batches, batch: batch)
      }
      results.withLock { $0[index] = result }
    }
    var total = Evaluation()
    var clients: [Evaluation] = []
    for index in parts.indices {
      guard let part = try results.withLock({ $0[index] })?.get() else { continue }
      total.add(part)
      if index < own.count { clients.append(part) }
    }
    return (total, clients)
  }
}
