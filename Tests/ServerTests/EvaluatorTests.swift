import Ledger
import LocalTraining
import Progressive
import Server
import Tensors
import Testing
import Topology

/// Tests of the model after rounds.
struct EvaluatorTests {
  /// The evaluation after a round of a model that nothing has trained.
  private func evaluation(
    after round: Int, threads: Int = 1, _ more: String
  ) throws -> (evaluation: RoundEvaluation?, latest: Evaluator.Scores) {
    let workload = try ServerBench.workload(more: more)
    let plan = workload.topology.brokerPlan(run: 5, epoch: 1)
    var model = GlobalModel(workload: workload, seed: 7)
    let phase = workload.topology.growthSchedule.phase(in: round)
    _ = try model.prepare(phase)
    var evaluator = Evaluator(
      workload, plan, pool: TrainingPool(width: threads), labels: try workload.labels(seed: 7))
    guard var evaluation = try evaluator.evaluate(model, in: phase) else {
      return (nil, evaluator.latest)
    }
    evaluator.judge(&evaluation, in: phase)
    return (evaluation, evaluator.latest)
  }

  @Test func `a model is tested where that is due, and always after the last round`() throws {
    let more = "evaluation: {every: 4}"
    let early = try evaluation(after: 3, more)
    #expect(early.evaluation == nil && early.latest.accuracy == nil)
    #expect(try evaluation(after: 4, more).evaluation != nil)
    #expect(try evaluation(after: 6, more).evaluation != nil)
  }

  @Test func `figures don't depend on the number of threads`() throws {
    let more = "evaluation: {batch: 5, gradient: 30}"
    let (one, scores) = try evaluation(after: 6, threads: 1, more)
    let (three, _) = try evaluation(after: 6, threads: 3, more)
    let figures = try #require(one)
    #expect(figures.accuracy == three?.accuracy && figures.loss == three?.loss)
    #expect(figures.squaredGradientNorm == three?.squaredGradientNorm)
    #expect(try #require(figures.squaredGradientNorm) > 0)
    #expect(scores.accuracy == figures.accuracy && scores.loss == figures.loss)
    #expect(figures.quality == figures.accuracy && figures.dice == nil)
    #expect(figures.fairness?.clients == 3 && figures.isTested)
  }

  @Test func `a model whose evaluation isn't due is tried on a sample: its loss must be finite`()
    throws
  {
    let workload = try ServerBench.workload()
    let plan = workload.topology.brokerPlan(run: 5, epoch: 1)
    let phase = workload.topology.growthSchedule.phase(in: 1)
    let evaluator = Evaluator(workload, plan, pool: TrainingPool(width: 1), labels: [])
    var model = GlobalModel(workload: workload, seed: 7)
    _ = try model.prepare(phase)
    #expect(try evaluator.hasFiniteLoss(model, in: phase))
    _ = model.apply(
      workload.trainedLayouts(phase, depth: 1).map { layout in
        ParameterVector(layout: layout, scalars: Array(repeating: 3e38, count: layout.count))
      }, in: phase)
    #expect(try !evaluator.hasFiniteLoss(model, in: phase))
  }

  @Test func `a model after its first round hasn't collapsed`() throws {
    let (evaluation, _) = try evaluation(after: 1, "")
    #expect(try #require(evaluation).hasCollapsed == false)
  }
}

/// Models that are no better than guessing.
struct CollapseWatchTests {
  /// The evaluations that are noticed, of a stage and an accuracy each.
  private func noticed(_ evaluations: [(stage: Int, accuracy: Double)]) -> [Int] {
    var watch = CollapseWatch()
    return evaluations.indices.filter {
      watch.notices(evaluations[$0].accuracy, stage: evaluations[$0].stage, chance: 0.1)
    }
  }

  @Test func `a model that had learnt something collapses by one evaluation, once a stage`() {
    #expect(noticed([(1, 0.4), (2, 0.1), (2, 0.1), (2, 0.5), (3, 0.11), (3, 0.1)]) == [1, 4])
    #expect(noticed([(1, 0.4), (2, 0.12), (2, 0.5)]) == [])
  }

  @Test func `a model that can't get away from chance is noticed at the third evaluation`() {
    #expect(noticed([(1, 0.1), (1, 0.1), (1, 0.1), (1, 0.1)]) == [])
    #expect(noticed([(1, 0.12), (2, 0.1), (2, 0.1), (2, 0.1), (2, 0.1), (3, 0.1)]) == [3, 5])
    #expect(noticed([(1, 0.1), (2, 0.1), (2, 0.1), (2, 0.13), (2, 0.1), (2, 0.1)]) == [])
  }
}
