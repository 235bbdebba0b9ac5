package import Bytes
import Codecs
import Datasets
package import Federation
import Foundation
package import Ledger
package import LocalTraining
import Measures
import Models
import Neural
package import Progressive
import Synchronization
import Tensors
import Topology
import Wire

/// The broker's slow work: storing updates, aggregating, evaluating, booking, and making the next model.
///
/// Each call does its work before it returns, on the caller's thread; a `ServerQueue` calls off the
/// loop's thread.
///
/// SAFETY of `@unchecked Sendable`: it has one caller at a time, a serial queue or a single thread.
package final class ModelKeeper: @unchecked Sendable {
  let workload: Workload
  let plan: BrokerPlan
  private let pool: TrainingPool
  let directory: RunPaths
  private let ledger: RunStore
  private let observer: any RunObserver
  /// How many training samples of each class each client has.
  private let labels: [[Int]]
  private let probe: ConvergenceProbe?
  private var testing: ModelTesting

  var model: GlobalModel
  var course: GrowthProgress
  var spool: Spool?
  /// The model after the last round that ended; nil before the first.
  private var last: SavedModel?
  /// The best model so far; nil while none was evaluated.
  private var best: BestModel?
  /// The model of the round to come, if it was made before it was asked for.
  private var ready: (PreparedModel, [Digest: SharedBuffer])?
  private var accuracy: Double?
  private var loss: Double?
  private var dice: Double?
  private var collapse = CollapseWatch()
  private var history = ParticipationHistory()
  var norms: NormWatch
  /// How many samples each client has, once that was asked for.
  var sampleCounts: [Int] = []

  /// A keeper that books into `ledger`, of a new run or one that goes on.
  ///
  /// `labels` say how many training samples of each class each client has, where samples are labelled as a whole.
  ///
  /// - Throws: `LedgerError` if the checkpoint is one of another model.
  package init(
    workload: Workload, plan: BrokerPlan, pool: TrainingPool, directory: RunPaths,
    ledger: RunStore, observer: any RunObserver, labels: [[Int]], restored: RestoredModel? = nil
  ) throws(LedgerError) {
    self.workload = workload
    self.plan = plan
    self.pool = pool
    self.directory = directory
    self.ledger = ledger
    self.observer = observer
    self.labels = labels
    probe = ConvergenceProbe(
      workload, samples: workload.topology.evaluation.gradient, seed: plan.seed)
    testing = ModelTesting(workload, seed: plan.seed)
    model = GlobalModel(workload: workload, seed: plan.seed)
    course = GrowthProgress(plan.schedule)
    norms = NormWatch(workload, plan)
    guard let restored else {
      try saveBest()
      return
    }
    let (checkpoint, state) = (restored.checkpoint, restored.state)
    do throws(CheckpointMismatch) {
      try model.restore(state.model, checkpoint)
      let last = SavedModel(
        round: checkpoint.round, stage: state.model.stage,
        parameters: model.parameters(stage: state.model.stage))
      best = try state.best.map { kept throws(CheckpointMismatch) in
        try BestModel(kept, in: checkpoint, last: last, of: workload)
      }
      self.last = last
    } catch {
      throw .damaged(
        path: directory.checkpoints.path(percentEncoded: false),
        problem: "the checkpoint after round \(checkpoint.round) doesn't fit: \(error.what)")
    }
    if restored.isWithoutClients { model.controls?.forget() }
    course = GrowthProgress(plan.schedule, memory: state.course)
    accuracy = state.accuracy
    loss = state.loss
    dice = state.dice
    collapse = state.collapse
    history = state.history
    norms.restore(state.norms)
    try saveBest()
  }

  /// The last round that ended; nil before the first.
  package var lastRound: Int? { last?.round }

  /// What happens in `round`, which may be at most one beyond the last that ended.
  package func phase(in round: Int) -> Phase { course.phase(in: round) }

  /// Makes the model of `round`, and room for its updates; those of the round before go.
  ///
  /// - Throws: ``DivergedModel`` if a value is no longer finite, `LedgerError`.
  package func prepare(round: Int) throws -> (PreparedModel, [Digest: SharedBuffer]) {
    if let ready, ready.0.round == round, spool?.round == round { return ready }
    let prepared: (PreparedModel, [Digest: SharedBuffer])
    do throws(CodecError) { prepared = try model.prepare(course.phase(in: round)) } catch {
      switch error {
      case .notFinite, .tooLarge: throw DivergedModel(round: last?.round ?? 0, directory: directory)
      default: throw error
      }
    }
    spool = try Spool(directory: directory.spool, round: round)
    KillPoint.spoolCleared.pass()
    ready = prepared
    return prepared
  }

  /// Makes the model of the round that a broker goes on with, and looks up which updates of it are there.
  ///
  /// - Returns: What the clients said of the updates that the spool holds; they count.
  /// - Throws: ``DivergedModel``, `LedgerError`.
  package func recover(round: Int) throws -> [Int: Submission] {
    let (prepared, _) = try prepare(round: round)
    // What a capped client trained is a part of the model, with a head of its own.
    let shallow = prepared.shallowHeads.compactMap { head -> Digest? in
      guard case .head(let depth)? = SegmentName(head.name) else { return nil }
      return Segment.base(of: Array(prepared.segments.prefix(depth)) + [head])
    }
    let bases = Set([Segment.base(of: prepared.segments)] + shallow)
    var offers: [Int: Submission] = [:]
    for entry in spool?.entries ?? [] {
      guard let update = SpooledUpdate(try spool?.read(entry) ?? []),
        update.submission.round < round || bases.contains(update.submission.offer.base)
      else {
        // Of another model than the one that this program makes of the checkpoint: none can count.
        try spool?.clear()
        return [:]
      }
      offers[entry.client] = update.submission
    }
    return offers
  }

  /// Checks a client's update and stores it; it is durable, and may be acknowledged, after ``sync()``.
  package func store(
    round: Int, client: Int, attempt: Int, submission: Submission, bytes: [UInt8]
  ) throws -> StoreResult {
    let result = try check(bytes, submission, of: client)
    guard result == .accepted else { return result }
    KillPoint.updateArrived.pass()
    let header = Header(
      run: plan.run, epoch: plan.epoch, round: submission.round, stage: submission.stage,
      client: client, attempt: attempt)
    let update = SpooledUpdate(submission: submission, bytes: bytes)
    try spool?.append(client: client, attempt: attempt, update.record(header))
    return result
  }

  /// Waits until all updates that were stored are on the disk.
  package func sync() throws {
    try spool?.sync()
    KillPoint.updateStored.pass()
  }

  /// Aggregates the accepted updates of a round, evaluates if it is due, and books the round.
  ///
  /// What is durable, in this order: the round in the ledger, in one transaction; a checkpoint with the model
  /// after it; the end of the round's spool, when the next model is prepared. A broker that is killed
  /// before the checkpoint is there goes on with this round, from the spool.
  package func close(
    _ result: RoundResult, book: RoundBook, total: TwoWayTraffic, elapsed: Duration,
    timing: RoundTiming? = nil
  ) throws {
    let phase = course.phase(in: result.round)
    KillPoint.roundClosed.pass()
    let movement = try aggregate(result, phase)
    history.note(result)
    try noteNorms(result)
    KillPoint.roundAggregated.pass()
    var record = RoundRecord(result, phase: phase, epochs: workload.topology.training.epochs)
    record.timing = timing
    record.flopsPerSample = workload.trainingFLOPs(phase)
    record.learningRate = plan.learningRate(in: phase)
    record.trainingLoss = result.trainingLoss
    last = SavedModel(
      round: phase.round, stage: phase.stage, parameters: model.parameters(stage: phase.stage))
    var quality: Double?
    let schedule = plan.schedule
    if workload.topology.evaluation.isDue(after: result.round, of: schedule.totalRounds) {
      let (evaluation, clients) = try testing.evaluate(
        model.parameters(phase.segments), stage: phase.stage, on: pool)
      record.accuracy = evaluation.accuracy
      record.loss = evaluation.meanLoss
      record.dice = evaluation.meanDice(of: workload.data.test.regions)
      record.fairness =
        Fairness(
          of: clients.compactMap { $0.meanDice(of: workload.data.test.regions) ?? $0.accuracy })
        ?? Fairness(labels: labels, classAccuracies: evaluation.classes.map(\.accuracy))
      record.squaredGradientNorm = try probe?.squaredGradientNorm(
        at: model.fullModel(from: phase.stage), on: pool)
      accuracy = evaluation.accuracy
      loss = evaluation.meanLoss
      dice = record.dice
      quality = dice ?? accuracy
      record.bestModelDigest = noteBest(quality)
      // Nearly all pixels are background: only Dice tells that nothing else is found any more.
      let chance = dice == nil ? 1 / Double(max(workload.data.test.classes, 1)) : 0.05
      if let quality, collapse.notices(quality, stage: phase.stage, chance: chance) {
        record.counters["collapse"] = 1
        observer.collapsed(round: result.round, stage: phase.stage, accuracy: quality)
      }
      // No samples, no figure: the reports say why.
      if evaluation.samples == 0 { record.counters[RunSummary.untested] = 1 }
    }
    course.note(round: result.round, quality: quality, movement: movement)
    try ledger.append(record, book: book)
    KillPoint.ledgerCommitted.pass()
    if record.bestModelDigest != nil { try saveBest() }
    try keepCheckpoint(after: phase, elapsed: elapsed)
    observer.closed(
      RunProgress(
        record: record, rounds: schedule.totalRounds, stages: schedule.stages,
        accuracy: accuracy, dice: dice, total: total, elapsed: elapsed))
  }

  /// Keeps what both meters counted up to the end of `round`, which is booked already.
  package func note(_ reading: MeterReading, after round: Int) throws(LedgerError) {
    try ledger.append(reading, after: round)
  }

  /// Books what crossed after the last round, and keeps the model.
  ///
  /// - Throws: `LedgerError`.
  package func finish(
    state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration? = nil
  ) throws {
    var digest: Digest?
    if let last {
      try ledger.add(book, to: last.round)
      digest = last.digest
      try last.write(to: directory.model, as: workload.topology)
      KillPoint.modelSaved.pass()
    }
    // The updates of a round that was interrupted count when the run goes on.
    if state.isFinished { try spool?.clear() }
    try ledger.finish(
      FinalRecord(
        state: state, accuracy: accuracy, loss: loss, dice: dice, modelDigest: digest,
        elapsed: elapsed, wallClock: wallClock ?? elapsed))
    KillPoint.runFinished.pass()
  }

  private func keepCheckpoint(after phase: Phase, elapsed: Duration) throws {
    var (modelState, checkpoint) = model.checkpoint(after: phase)
    best?.keep(in: &checkpoint)
    var state = CheckpointState(
      run: plan.run, elapsed: elapsed.seconds, accuracy: accuracy, loss: loss, dice: dice,
      collapse: collapse, model: modelState, history: history, course: course.memory,
      best: best?.state)
    state.norms = norms.memory
    checkpoint.state = try state.json
    try CheckpointStore(directory: directory.checkpoints).write(checkpoint)
  }

  /// Takes the last model for the best one if its score is higher than all before; returns its name then.
  private func noteBest(_ score: Double?) -> Digest? {
    guard let last, let score, score.isFinite, score > best?.score ?? -.infinity else { return nil }
    best = BestModel(model: last, score: score)
    return last.digest
  }

  /// Writes the best model so far to its file, which is removed where there is none.
  private func saveBest() throws(LedgerError) {
    guard let best else { return try DurableFile.remove(directory.bestModel) }
    try best.model.write(to: directory.bestModel, as: workload.topology)
    KillPoint.bestSaved.pass()
  }
}
