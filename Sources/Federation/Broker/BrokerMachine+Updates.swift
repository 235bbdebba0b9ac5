import Bytes
import Measures
import Progressive
import Wire

/// Updates, from the request for a model to the acknowledgement.
extension BrokerMachine {
  /// Takes in a client's message about a round.
  mutating func receiveInRound(
    _ client: Int, _ message: Message<Uplink>, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let header = message.header
    guard var work = state.takeWork() else {
      return actions += state.answerStale(client, message, plan, &members, nextRound: nextRound)
    }
    defer { state.put(work) }
    guard let progress = work.progress[client], work.origin(of: client) == header.round else {
      guard case .open = state, header.round == work.round, work.progress[client] == nil else {
        return actions += state.answerStale(
          client, message, plan, &members, nextRound: nextRound)
      }
      if case .updateChunk = message.body { return actions.append(.count("unexpected chunk")) }
      actions += plan.refuse(
        client, .notSelected, "it wasn't selected in this round",
        under: models.header(to: client, of: work, plan))
      return
    }
    if let problem = plan.problem(
      of: message, at: progress, model: models[header.round], samples: members[client]?.samples)
    {
      return actions += work.refuse(client, problem, plan, models, members.presence)
    }
    switch message.body {
    case .want(let worker, let needs): want(client, worker, needs, &work, &actions)
    case .offer(let offer):
      let submission = Submission(offer, round: header.round, stage: header.stage)
      actions += work.offer(client, submission, header.attempt, plan, models, &members)
    case .updateChunk(let offset, let length):
      let range = offset..<offset + length
      actions += work.take(range, of: client, at: progress, header.attempt, &evaluation)
    case .decline(let reason, let detail):
      actions += work.decline(client, reason, detail, models, &members)
    default: return  // not about a round
    }
    grant(&work, &actions)
  }

  private mutating func want(
    _ client: Int, _ worker: UInt64, _ needs: [Need], _ work: inout ClientsAtWork,
    _ actions: inout [BrokerAction]
  ) {
    guard work.origins[client] == nil else {
      actions.append(.count("late want"))
      // Nothing brings it the model of that round any more. Where the next one waits for clients,
      // it may be the one that is waited for.
      if state.kind == .waiting { actions += work.giveUp(client).actions(of: client) ?? [] }
      return
    }
    switch work.progress[client] {
    case .invited, .left: work.advance(client, to: .working)
    case .working, .offered, .receiving, .storing, .accepted, .refused, .declined, nil: break
    }
    let (round, limits) = (work.round, plan.limits)
    let answers = state.changeRound { $0.want(client, worker, needs, limits) } ?? []
    for answer in answers { actions.append(answer.action(in: round, to: client)) }
  }

  /// An update was checked and, when accepted, stored: acknowledges or refuses it.
  mutating func stored(
    _ round: Int, _ client: Int, _ result: StoreResult, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    guard var work = state.takeWork() else { return }
    defer { state.put(work) }
    guard work.round == round, case .storing(let submission, _) = work.progress[client] else {
      return
    }
    let header = models.header(to: client, of: work, plan)
    switch result {
    case .accepted:
      work.accept(submission, of: client)
      let plan = plan
      state.changeRound { $0.noteQuorum(plan, work, by: client, at: now) }
      if let model = models[submission.round] {
        members.holds(model.segments(of: submission.stage).map(\.state.prefix), client)
      }
      actions.append(.send(.client(client), Message(header, .acknowledge(.accepted))))
    case .refused(let reason, let detail):
      actions += work.refuseStored(client, reason, detail, retry: reason.retry(plan), plan, header)
    }
    grant(&work, &actions)
  }

  /// Lets clients send that wait for leave, if any do.
  func grant(_ work: inout ClientsAtWork, _ actions: inout [BrokerAction]) {
    guard work.room.first != nil else { return }
    actions += work.grant(plan, models, members.presence)
  }
}

extension RefusalReason {
  /// The time in milliseconds after which a client may send an update again that wasn't stored for
  /// this reason; nil for never.
  fileprivate func retry(_ plan: BrokerPlan) -> Int? {
    switch self {
    // Damaged on the way: the client still has it.
    case .wrongDigest: 1
    // There is no room now; there may be before the round ends.
    case .overloaded: plan.retry
    case .wrongPlan, .wrongClient, .notAuthorized, .evicted, .staleRound, .notSelected, .tooLarge,
      .wrongBase, .malformed, .notFinite, .tooFar:
      nil
    }
  }
}
