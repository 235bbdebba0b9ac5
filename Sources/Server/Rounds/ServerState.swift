import Bytes
import Codecs
package import Federation
import Foundation
package import Ledger
package import LocalTraining
import Measures
import Models
import Progressive
import Topology
package import Wire

/// All of a run's server that outlives a round: model, growth, norms, scores, checkpoints, spool.
///
/// A ``FederatedRound`` works on it. Each call does its work before it returns, on the caller's
/// thread.
///
/// SAFETY of `@unchecked Sendable`: it has one caller at a time, a serial queue or a single thread.
package final class ServerState: @unchecked Sendable {
  let plan: BrokerPlan
  private let workload: Workload
  private let directory: RunPaths
  private let ledger: RunStore
  private let observer: any RunObserver

  var model: GlobalModel
  var growth: GrowthProgress
  var validator: UpdateValidator
  var evaluator: Evaluator
  var history = ParticipationHistory()
  var spool: RoundSpool
  /// The model of the round that was announced last, and the bytes of all steps to it.
  var ready: (model: PreparedModel, steps: [Digest: SharedBuffer])?
  /// The round that ended and whose model clients evaluate; nil where there is none.
  var unjudged: UnjudgedRound?
  /// The last round that was discarded, as far as this process knows; nil for none.
  private(set) var discardedRound: Int?
  /// The normalization that was made of clients' sums; nil before, and where the plan says it.
  package private(set) var normalization: FederatedNormalization?
  private var checkpoints: CheckpointWriter
  /// True once people were told why clients' scores make no figure.
  private var hasToldLack = false
  /// The model after the last round that ended; nil before the first.
  private var last: SavedModel?

  /// The state of a new run, or of one that goes on from a checkpoint.
  ///
  /// - Parameters:
  ///   - workload: The model and the data.
  ///   - plan: The run's plan, with the number of samples that each client was dealt, if any were.
  ///   - pool: The threads that evaluate.
  ///   - directory: The run directory.
  ///   - ledger: The ledger in which rounds are booked.
  ///   - observer: Is told of rounds and collapses.
  ///   - labels: The number of training samples of each class that each client has, where samples
  ///     are labelled as a whole.
  ///   - restored: The checkpoint to go on from; nil for a new run.
  /// - Throws: `LedgerError` if the checkpoint is one of another model.
  package init(
    workload: Workload, plan: BrokerPlan, pool: TrainingPool, directory: RunPaths,
    ledger: RunStore, observer: any RunObserver, labels: [[Int]], restored: RestoredModel? = nil
  ) throws(LedgerError) {
    precondition(
      workload.data.split == nil || plan.dealtSamples.count == plan.clients,
      "\(plan.dealtSamples.count) numbers of samples for \(plan.clients) clients")
    self.workload = workload
    self.plan = plan
    self.directory = directory
    self.ledger = ledger
    self.observer = observer
    model = GlobalModel(workload: workload, seed: plan.seed)
    growth = GrowthProgress(plan.schedule)
    validator = UpdateValidator(workload, plan, samples: plan.dealtSamples)
    evaluator = Evaluator(workload, plan, pool: pool, labels: labels)
    spool = RoundSpool(in: directory.spool)
    checkpoints = CheckpointWriter(directory, of: workload.topology)
    normalization = try Self.normalization(of: workload, kept: ledger)
    checkpoints.normalization = normalization
    if let restored {
      try restore(restored)
      try checkpoints.secure(restored.checkpoint)
    }
    try checkpoints.saveBest()
  }

  /// The last round that ended; nil before the first.
  package var lastRound: Int? { last?.round }

  /// True while clients evaluate the model of a round that isn't kept yet.
  package var isEvaluating: Bool { unjudged != nil }

  /// A round by its number, at most one beyond the last that ended.
  package func round(_ number: Int) -> FederatedRound { FederatedRound(number, of: self) }

  /// Waits until all updates that were stored are on the disk.
  package func sync() throws {
    try spool.sync()
    KillPoint.updateStored.pass()
  }

  /// Announces the round that a broker goes on with, and looks up which updates of it are there.
  ///
  /// - Returns: The offers of the updates that the spool holds, by their clients; they count.
  /// - Throws: ``DivergedModel``, `LedgerError`.
  package func recover(round: Int) throws -> [Int: Submission] {
    let prepared = try self.round(round).announce().model
    let bases = prepared.bases
    var offers: [Int: Submission] = [:]
    for client in spool.clients {
      guard let submission = try spool.submission(of: client),
        submission.round < round || bases.contains(submission.offer.base)
      else {
        // Of another model than the one that this program makes of the checkpoint: none can count.
        try spool.clear()
        return [:]
      }
      offers[client] = submission
    }
    return offers
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
    if let last {
      // A round that clients still evaluate is run again, from the spool; its bytes are booked.
      if let unjudged { try ledger.add(unjudged.round.book, to: last.round) }
      try ledger.add(book, to: last.round)
      try checkpoints.save(last)
    }
    // The updates of a round that was interrupted count when the run goes on.
    if state.isFinished { try spool.clear() }
    let scores = evaluator.latest
    try ledger.finish(
      FinalRecord(
        state: state, accuracy: scores.accuracy, loss: scores.loss, dice: scores.dice,
        modelDigest: last?.digest, elapsed: elapsed, wallClock: wallClock ?? elapsed))
    KillPoint.runFinished.pass()
  }
}

extension ServerState {
  /// The number of updates that were decoded, on their way into the spool or when a round folded
  /// them.
  package var decodedUpdates: Int { validator.decoder.count }

  /// The form of an update that this run's clients send.
  func form(of submission: Submission) -> UpdateForm {
    let phase = growth.phase(in: submission.round)
    return UpdateForm(
      submission, in: phase, of: workload, rate: plan.learningRate(in: phase))
  }

  /// The header under which an update is stored.
  func header(of submission: Submission, client: Int, attempt: Int) -> Header {
    Header(
      run: plan.run, epoch: plan.epoch, round: submission.round, stage: submission.stage,
      client: client, attempt: attempt)
  }

  /// The weight of the updates of all clients together.
  var weightOfAllClients: Double {
    plan.dealtSamples.reduce(0) { $0 + plan.rules.weight(samples: $1) }
  }

  /// Makes the model of `phase` ready to go down.
  ///
  /// - Throws: ``DivergedModel`` if a value is no longer finite.
  func prepareModel(
    for phase: Phase
  ) throws -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    do throws(CodecError) { return try model.prepare(phase) } catch {
      switch error {
      case .notFinite, .tooLarge: throw DivergedModel(round: lastRound ?? 0, directory: directory)
      default: throw error
      }
    }
  }

  /// The model as the round after `round` sends it, and the bytes of all steps to it; nil if it
  /// can't be sent.
  ///
  /// Nothing has changed: it is taken up once the round before is kept.
  func outlook(after round: Int) throws -> Outlook? {
    var model = model
    do throws(CodecError) {
      let ready = try model.prepare(growth.phase(in: round + 1))
      return Outlook(model: model, ready: ready)
    } catch {
      switch error {
      case .notFinite, .tooLarge: return nil
      default: throw error
      }
    }
  }

  /// Goes on with a model that was encoded for the next round.
  func goOn(with next: Outlook) { (model, ready) = (next.model, next.ready) }

  /// The state as it is before a round's updates move it.
  var goodState: GoodState { GoodState(model: model, norms: validator.norms.memory) }

  /// The largest multiple of earlier norms by which updates and steps may move the model; nil for
  /// any.
  var normMultiple: Double? { workload.topology.normMultiple }

  /// Goes back to the state before a round, whose model is discarded, and tells people.
  ///
  /// What counts of it is that the clients had their turns.
  func discard(_ unjudged: inout UnjudgedRound, for fault: DiscardedRound.Fault) {
    unjudged.discard(for: fault)
    history.discardLast()
    discardedRound = unjudged.round.result.round
    model = unjudged.before.model
    validator.restore(unjudged.before.norms)
    if let discarded = unjudged.discarded { observer.discarded(discarded) }
  }

  /// True if clients evaluate the model after `round`.
  func awaitsScores(after round: Int) -> Bool {
    plan.evaluation?.isDue(after: round, of: plan.schedule.totalRounds) ?? false
  }

  /// Makes the model after the round of `phase` ready for clients that evaluate it.
  func prepareEvaluation(
    of phase: Phase
  ) throws -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    do throws(CodecError) { return try model.prepareEvaluation(of: phase) } catch {
      switch error {
      case .notFinite, .tooLarge: throw DivergedModel(round: phase.round, directory: directory)
      default: throw error
      }
    }
  }

  /// Keeps the run's normalization, which it goes by from now on.
  func keep(_ made: MeasuredNormalization) throws(LedgerError) {
    try ledger.keep(made)
    normalization = FederatedNormalization(made)
    checkpoints.normalization = normalization
  }

  /// Books a round that ended, and keeps the model after it in a checkpoint, and in a file if it is
  /// the best.
  func keep(_ unjudged: UnjudgedRound, in phase: Phase) throws {
    let (round, evaluation) = (unjudged.round, unjudged.evaluation)
    let last = SavedModel(
      round: phase.round, stage: phase.stage, parameters: model.parameters(stage: phase.stage))
    self.last = last
    var record = RoundRecord(
      round.result, phase: phase, epochs: workload.topology.training.epochs)
    record.timing = round.timing
    record.flopsPerSample = workload.trainingFLOPs(phase)
    record[.learningRate] = plan.learningRate(in: phase)
    record[.trainingLoss] = round.result.trainingLoss
    if let evaluation {
      record.note(evaluation)
      if evaluation.hasCollapsed, let quality = evaluation.quality {
        observer.collapsed(round: phase.round, stage: phase.stage, accuracy: quality)
      }
    }
    let isBest = checkpoints.notes(last, score: evaluation?.quality)
    record.bestModelDigest = isBest ? last.digest : nil
    record.counters.merge(unjudged.counters, uniquingKeysWith: +)
    if let fault = unjudged.fault { record.discard(for: fault.name) }
    var book = round.book
    if let more = unjudged.evaluationBook { book.add(more) }
    try ledger.append(record, book: book)
    KillPoint.ledgerCommitted.pass()
    if isBest { try checkpoints.saveBest() }
    try checkpoints.write(checkpoint(after: phase, elapsed: round.elapsed))
    observer.closed(
      RunProgress(
        record: record, rounds: plan.schedule.totalRounds, stages: plan.schedule.stages,
        accuracy: evaluator.latest.accuracy, dice: evaluator.latest.dice, total: round.total,
        elapsed: round.elapsed))
  }

  /// Keeps the number of a client's training samples of each label, as it told.
  package func keep(labels: [Int], of client: Int) throws(LedgerError) {
    try ledger.keep(labels: labels, of: client)
  }

  /// Tells people why the clients' scores in `result` make no figure, once until they make one.
  func tellLack(of figures: HeldOutFigures?, in result: EvaluationResult) {
    defer { hasToldLack = figures == nil }
    guard figures == nil, !hasToldLack, let rules = plan.evaluation else { return }
    observer.remarked("round \(result.round): \(result.lack(rules))")
  }

  /// The state as a checkpoint keeps it.
  private func checkpoint(after phase: Phase, elapsed: Duration) throws -> Checkpoint {
    var (modelState, checkpoint) = model.checkpoint(after: phase)
    checkpoints.best?.keep(in: &checkpoint)
    let scores = evaluator.latest
    var state = CheckpointState(
      run: plan.run, elapsed: elapsed.seconds, accuracy: scores.accuracy, loss: scores.loss,
      dice: scores.dice, collapse: evaluator.collapse, model: modelState, history: history,
      course: growth.memory, best: checkpoints.best?.state)
    state.norms = validator.norms.memory
    state.epoch = plan.epoch
    state.isDiscarded = discardedRound == phase.round ? true : nil
    checkpoint.state = try state.json
    return checkpoint
  }

  /// Takes up what a checkpoint kept.
  ///
  /// - Throws: `LedgerError` if it is one of another model.
  private func restore(_ restored: RestoredModel) throws(LedgerError) {
    let (checkpoint, state) = (restored.checkpoint, restored.state)
    do throws(CheckpointMismatch) {
      try model.restore(state.model, checkpoint)
      let last = SavedModel(
        round: checkpoint.round, stage: state.model.stage,
        parameters: model.parameters(stage: state.model.stage))
      if let best = state.best {
        checkpoints.best = try BestModel(best, in: checkpoint, last: last, of: workload)
      }
      self.last = last
    } catch {
      throw .damaged(
        path: directory.checkpoints.path(percentEncoded: false),
        problem: "the checkpoint after round \(checkpoint.round) doesn't fit: \(error.what)")
    }
    if restored.isWithoutClients { model.controlVariates?.forget() }
    growth = GrowthProgress(plan.schedule, memory: state.course)
    evaluator.restore(
      Evaluator.Scores(accuracy: state.accuracy, loss: state.loss, dice: state.dice),
      collapse: state.collapse)
    history = state.history
    if state.isDiscarded == true { discardedRound = checkpoint.round }
    validator.restore(state.norms)
  }
}

/// The model as the next round sends it, before that is announced.
struct Outlook {
  /// The model, with all that was sent of it.
  var model: GlobalModel
  /// The model as it is announced, and the bytes of all steps to it.
  var ready: (model: PreparedModel, steps: [Digest: SharedBuffer])
}

extension PreparedModel {
  /// The names of the models that a client may have trained from: the whole one, and those of
  /// capped clients.
  fileprivate var bases: Set<Digest> {
    let parts = parts
    let shallow = parts.stages.compactMap { parts.segments(of: $0).map(Segment.base) }
    return Set([Segment.base(of: segments)] + shallow)
  }
}
