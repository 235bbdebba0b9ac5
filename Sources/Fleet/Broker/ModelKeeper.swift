import Codecs
import Datasets
import Digests
import Federation
import Foundation
import Ledger
import Measures
import Models
import Neural
import Progressive
import Synchronization
import Tensors
import Topology
import Wire
import ZeroMQ

/// The broker's slow work: storing updates, aggregating, evaluating, booking, and making the next model.
///
/// Each call does its work before it returns, on the caller's thread; a ``KeeperQueue`` calls off the
/// loop's thread.
///
/// SAFETY of `@unchecked Sendable`: it has one caller at a time, a serial queue or a single thread.
final class ModelKeeper: @unchecked Sendable {
  private let workload: Workload
  private let plan: BrokerPlan
  private let pool: TrainingPool
  private let directory: RunPaths
  private let ledger: RunStore
  private let observer: any RunObserver
  /// How many training samples of each class each client has.
  private let labels: [[Int]]
  private let probe: ConvergenceProbe?
  private var testing: ModelTesting

  private var model: GlobalModel
  private var course: GrowthCourse
  private var spool: Spool?
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
  private var norms: NormWatch
  /// How many samples each client has, once that was asked for.
  private var sampleCounts: [Int] = []

  /// A keeper that books into `ledger`, of a new run or one that goes on.
  ///
  /// `labels` say how many training samples of each class each client has, where samples are labelled as a whole.
  ///
  /// - Throws: `LedgerError` if the checkpoint is one of another model.
  init(
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
    course = GrowthCourse(plan.schedule)
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
    course = GrowthCourse(plan.schedule, memory: state.course)
    accuracy = state.accuracy
    loss = state.loss
    dice = state.dice
    collapse = state.collapse
    history = state.history
    norms.restore(state.norms)
    try saveBest()
  }

  /// The last round that ended; nil before the first.
  var lastRound: Int? { last?.round }

  /// What happens in `round`, which may be at most one beyond the last that ended.
  func phase(in round: Int) -> Phase { course.phase(in: round) }

  /// Makes the model of `round`, and room for its updates; those of the round before go.
  ///
  /// - Throws: ``DivergedModel`` if a value is no longer finite, `LedgerError`.
  func prepare(round: Int) throws -> (PreparedModel, [Digest: SharedBuffer]) {
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
  func recover(round: Int) throws -> [Int: Submission] {
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
  func store(
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
  func sync() throws {
    try spool?.sync()
    KillPoint.updateStored.pass()
  }

  /// Aggregates the accepted updates of a round, evaluates if it is due, and books the round.
  ///
  /// What is durable, in this order: the round in the ledger, in one transaction; a checkpoint with the model
  /// after it; the end of the round's spool, when the next model is prepared. A broker that is killed
  /// before the checkpoint is there goes on with this round, from the spool.
  func close(
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
  func note(_ reading: MeterReading, after round: Int) throws(LedgerError) {
    try ledger.append(reading, after: round)
  }

  /// Books what crossed after the last round, and keeps the model.
  ///
  /// - Throws: `LedgerError`.
  func finish(
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

  private func check(
    _ bytes: [UInt8], _ submission: Submission, of client: Int
  ) throws -> StoreResult {
    let offer = submission.offer
    guard Digest(of: bytes) == offer.digest else {
      return .refused(.wrongDigest, detail: "the bytes were damaged on the way")
    }
    guard offer.samples > 0 else {
      return .refused(.malformed, detail: "an update of no samples has no weight")
    }
    let samples = try countSamples()[client]
    if workload.countsSteps {
      let most = workload.mostSteps(samples: samples)
      guard offer.steps > 0, offer.steps <= most else {
        return .refused(
          .malformed, detail: "\(offer.steps) steps; its samples are good for 1 to \(most)")
      }
    }
    do throws(CodecError) {
      let norm = try norm(of: bytes, submission)
      let least = reach(submission).map { $0 * course.phase(in: submission.round).entryRate }
      let gradient = least.map { Float(norm / $0) } ?? 0
      guard norm.isFinite, gradient.isFinite else {
        return .refused(.notFinite, detail: "a number is infinite or not a number")
      }
      let phase = course.phase(in: submission.round)
      let problem = norms.objection(to: norm, of: client, samples: samples, in: phase) {
        model.norm(of: trainedLayouts(submission))
      }
      if let problem { return .refused(.tooFar, detail: problem) }
      return .accepted
    } catch .invalidValue {
      return .refused(.notFinite, detail: "a number is infinite or not a number")
    } catch {
      return .refused(.malformed, detail: "\(error)")
    }
  }

  /// An update's norm, over all that it covers.
  ///
  /// - Throws: `CodecError` for bytes that aren't an update of what was trained.
  private func norm(of bytes: [UInt8], _ submission: Submission) throws(CodecError) -> Double {
    let (layouts, codec) = (trainedLayouts(submission), codec(submission))
    var squares = 0.0
    for (part, layout) in zip(try UpdateFraming.split(bytes, count: layouts.count), layouts) {
      let update = try codec.decode(part, layout: layout)
      for scalar in update.scalars { squares += Double(scalar) * Double(scalar) }
    }
    return squares.squareRoot()
  }

  /// Remembers how far those updates went that count; what was stored before a restart is measured again.
  private func noteNorms(_ result: RoundResult) throws {
    guard workload.topology.normMultiple != nil else { return }
    for (client, submission) in result.accepted where !norms.knows(client) {
      guard let update = try update(of: client) else { continue }
      norms.measured(
        try norm(of: update.bytes, submission), of: client, samples: try countSamples()[client],
        in: course.phase(in: submission.round))
    }
    norms.close(result)
  }

  /// A client's update in the round's spool; nil if there is none.
  private func update(of client: Int) throws -> SpooledUpdate? {
    guard let entry = spool?.entry(of: client) else { return nil }
    return SpooledUpdate(try spool?.read(entry) ?? [])
  }

  /// The codec of an update: that of the round for which it was trained.
  private func codec(_ submission: Submission) -> UpdateCodec {
    workload.topology.codecs.up(in: course.phase(in: submission.round))
  }

  /// The segments that an update covers, by the round and stage that it was trained for.
  private func trainedLayouts(_ submission: Submission) -> [ParameterLayout] {
    workload.trainedLayouts(course.phase(in: submission.round), depth: submission.stage)
  }

  /// How far a client's steps reached, where its update tells what corrects its gradients; else nil.
  private func reach(_ submission: Submission) -> Double? {
    let phase = course.phase(in: submission.round)
    guard model.controls != nil, submission.stage == phase.stage else { return nil }
    return workload.topology.training.localSteps.reach(
      of: submission.offer.steps, rate: Float(plan.learningRate(in: phase)))
  }

  private func countSamples() throws -> [Int] {
    if sampleCounts.isEmpty {
      sampleCounts = try workload.partition(seed: plan.seed).map(\.count)
    }
    return sampleCounts
  }

  /// Steps by the updates that count; returns how the step's block moves, where that is known.
  private func aggregate(_ result: RoundResult, _ phase: Phase) throws -> Double? {
    let contributions = result.contributions(plan.rules)
    var aggregator = Aggregator()
    var gradients = Aggregator()
    for contribution in contributions {
      let layouts = trainedLayouts(contribution.submission)
      aggregator.expect(
        layouts, mass: contribution.mass,
        length: workload.length(of: contribution.submission.offer))
      guard reach(contribution.submission) != nil else { continue }
      gradients.expect(layouts, mass: contribution.mass)
    }
    for contribution in contributions {
      // What was acknowledged counts: a round is never closed without it.
      guard let update = try update(of: contribution.client) else {
        throw LedgerError.damaged(
          path: directory.spool.path,
          problem: "client \(contribution.client)'s update of round \(result.round) is gone")
      }
      let (layouts, codec) = (
        trainedLayouts(contribution.submission), codec(contribution.submission)
      )
      try aggregator.fold(
        update.bytes, of: layouts, codec: codec, weight: contribution.weight,
        length: workload.length(of: contribution.submission.offer))
      guard let reach = reach(contribution.submission) else { continue }
      try gradients.fold(
        update.bytes, of: layouts, codec: codec, weight: contribution.weight / reach)
    }
    if model.controls != nil {
      let weight = try countSamples().reduce(0) { $0 + plan.rules.weight(samples: $1) }
      model.controls?.step(gradients.means, in: phase) { gradients.mass(of: $0) / weight }
    }
    return model.apply(aggregator.means, in: phase)
  }
}
