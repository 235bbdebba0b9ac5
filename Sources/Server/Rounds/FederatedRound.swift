package import Bytes
package import Federation
import Ledger
import Measures
package import Progressive
import Wire

/// One round of progressive federated learning, as its server runs it.
///
/// The algorithm is ProgFed's (Wang et al., “ProgFed”, ICML 2022) over federated averaging (McMahan
/// et al., AISTATS 2017). In round t the model x consists of the blocks and the head of a stage s:
///
///     announce   x goes down to the clients that were selected
///     validate   an update Δᵢ = xᵢ − x comes up, is checked and stored
///     fold       Δ = Σ wᵢ Δᵢ / Σ mᵢ, each over the updates that cover it, in the clients' order
///     step       x ← x + what the server's optimizer makes of Δ
///     evaluate   x is tested where that is due, by the broker, by clients on what they hold out
///     discard    an x that isn't finite, too far or can't be sent gives way to the one before
///     grow       the next round has stage s + 1 where stage s has come to its end
///     keep       round, model and checkpoint reach the disk
///
/// Client selection and waiting are the protocol's trade, in `Federation`. All that outlives a
/// round is in the ``ServerState``.
package struct FederatedRound {
  /// The round, its stage, and the parts of the model that it trains.
  package let phase: Phase
  private let server: ServerState

  /// The round that `server` is in, one before it, or the next.
  init(_ number: Int, of server: ServerState) {
    phase = server.growth.phase(in: number)
    self.server = server
  }

  /// Makes the model that the round sends down, and room for the updates that come up.
  ///
  /// - Throws: ``DivergedModel`` if a value is no longer finite, `LedgerError`.
  package func announce() throws -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    if server.ready?.model.round != phase.round {
      server.ready = try server.prepareModel(for: phase)
    }
    guard var ready = server.ready else { preconditionFailure("no model is ready") }
    ready.model.followsDiscarded = server.discardedRound == phase.round - 1
    if server.spool.round != phase.round { try server.spool.open(round: phase.round) }
    return ready
  }

  /// Checks a client's update, and stores it if nothing is wrong with it.
  ///
  /// It is durable, and may be acknowledged, after ``ServerState/sync()``.
  package func validate(
    _ bytes: [UInt8], of client: Int, attempt: Int, _ submission: Submission
  ) throws -> StoreResult {
    let result = server.validator.validate(
      bytes, of: client, server.form(of: submission), against: server.model)
    guard result == .accepted else { return result }
    KillPoint.updateArrived.pass()
    try server.spool.append(
      SpooledUpdate(submission: submission, bytes: bytes),
      from: server.header(of: submission, client: client, attempt: attempt))
    return result
  }

  /// Ends the round with the updates that were accepted.
  ///
  /// What is durable, in this order: the round in the ledger, in one transaction; a checkpoint with
  /// the model after it; the end of the round's spool, when the next model is announced. A broker
  /// that is killed before the checkpoint is there goes on with this round, from the spool.
  ///
  /// A model that is unsound is discarded: the one before the round goes on, in memory and in the
  /// checkpoint.
  package func close(_ round: ClosedRound) throws {
    KillPoint.roundClosed.pass()
    var unjudged = UnjudgedRound(round: round, after: server.goodState)
    let means = try fold(round.result)
    unjudged.farthest = server.validator.farthest(of: round.result)
    server.validator.close(round.result)
    unjudged.movement = step(by: means)
    KillPoint.roundAggregated.pass()
    try evaluate(&unjudged)
    guard server.awaitsScores(after: phase.round) else { return try judge(unjudged) }
    server.unjudged = unjudged
  }

  /// Tests the model that the round came to, unless its values are unsound, or its loss is: then it
  /// is discarded.
  private func evaluate(_ unjudged: inout UnjudgedRound) throws {
    guard unjudged.hasUpdates else {
      return unjudged.evaluation = try server.evaluator.evaluate(server.model, in: phase)
    }
    if let fault = server.model.fault(
      since: unjudged.before.model, beyond: server.normMultiple,
      farthest: unjudged.farthest?.norm ?? 0)
    {
      return server.discard(&unjudged, for: fault)
    }
    let evaluation = try server.evaluator.evaluate(server.model, in: phase)
    let isSound =
      try evaluation.map { $0.loss?.isFinite != false }
      ?? server.evaluator.hasFiniteLoss(server.model, in: phase)
    guard isSound else { return server.discard(&unjudged, for: .noLoss) }
    unjudged.evaluation = evaluation
  }

  /// Makes the model that the round came to ready for clients that evaluate it: as the next round
  /// of the same stage sends it down, so that nothing travels twice.
  ///
  /// A model that can't be sent is discarded, and the one before it evaluated.
  ///
  /// - Throws: ``DivergedModel`` if that can't be sent either.
  package func announceEvaluation() throws -> (model: PreparedModel, steps: [Digest: SharedBuffer])
  {
    do {
      return try server.prepareEvaluation(of: phase)
    } catch let error as DivergedModel {
      guard var unjudged = server.unjudged, unjudged.hasUpdates, unjudged.fault == nil else {
        throw error
      }
      server.discard(&unjudged, for: .cannotBeSent)
      server.unjudged = unjudged
      return try server.prepareEvaluation(of: phase)
    }
  }

  /// Ends the evaluation by clients, and with it the round.
  ///
  /// Until then nothing of the round's end is durable but its updates: a broker that is killed
  /// before goes on with the round, from the spool, and asks for the scores again.
  package func conclude(_ evaluation: ClosedEvaluation) throws {
    KillPoint.evaluationClosed.pass()
    guard var unjudged = server.unjudged, unjudged.round.result.round == phase.round else { return }
    server.unjudged = nil
    // What clients say of the model before a discarded one is no figure of this round's.
    if unjudged.fault == nil {
      var figures = unjudged.evaluation ?? RoundEvaluation(isTested: false)
      let found = server.evaluator.figures(evaluation.result)
      server.tellLack(of: found, in: evaluation.result)
      figures.note(found)
      unjudged.evaluation = figures
    }
    unjudged.take(evaluation)
    try judge(unjudged)
  }

  /// Judges the model, which may begin the next stage, has it encoded for the next round, and keeps
  /// the round.
  private func judge(_ unjudged: UnjudgedRound) throws {
    var unjudged = unjudged
    let growth = server.growth
    func grow() {
      server.growth.note(
        round: phase.round, quality: unjudged.evaluation?.quality, movement: unjudged.movement)
      let next = server.growth.phase(in: phase.round + 1)
      server.growth.rest(server.model.resting(in: next), in: next.round)
    }
    grow()
    let next = unjudged.fault == nil ? try server.outlook(after: phase.round) : nil
    if next == nil, unjudged.hasUpdates, unjudged.fault == nil {
      server.discard(&unjudged, for: .cannotBeSent)
      server.growth = growth
      grow()
    }
    if var evaluation = unjudged.evaluation {
      server.evaluator.judge(&evaluation, in: phase)
      unjudged.evaluation = evaluation
    }
    try server.keep(unjudged, in: phase)
    if let next { server.goOn(with: next) }
  }

  /// Folds the accepted updates into their weighted means.
  private func fold(_ result: RoundResult) throws -> RoundAggregation {
    let updates = result.contributions(server.plan.rules).map { contribution in
      (contribution, server.form(of: contribution.submission))
    }
    var aggregation = RoundAggregation(of: updates)
    for (contribution, form) in aggregation.updates {
      let update = try server.validator.decoder.decode(
        try server.spool.update(of: contribution.client).bytes, form)
      try server.validator.noteNorm(of: update, contribution.client, form)
      try aggregation.fold(update, of: contribution, form)
    }
    server.history.note(
      result, depths: server.plan.depths, keepsUpdates: server.plan.clientsRemember)
    return aggregation
  }

  /// Moves the model, and the control variates where there are any, by the means.
  ///
  /// - Returns: The effective movement of the step's block, where a window of it has ended.
  private func step(by aggregation: RoundAggregation) -> Double? {
    server.model.controlVariates?.step(aggregation.meanGradients, in: phase) { segment in
      aggregation.gradientWeight(of: segment) / server.weightOfAllClients
    }
    return server.model.apply(aggregation.means, in: phase)
  }
}
