import Measures
import Wire

/// Clients that come, are heard, and go.
extension BrokerMachine {
  /// Somebody listens to a topic: a mailbox makes its client present.
  mutating func subscribed(_ topic: Topic, _ now: Duration, _ actions: inout [BrokerAction]) {
    switch topic {
    case .all: return
    case .step: listeners.add(topic)
    case .client(let client):
      guard (0..<plan.clients).contains(client) else { return }
      actions += plans.answerAwaited(of: client, plan, at: now)
      switch members.listen(to: client, at: now) {
      case .admits(let knock): admit(client, knock.join, from: knock.place, now, &actions)
      case let arrival:
        actions += members.greeting(to: client, arrival, plan, by: measuring.normalization)
      }
    }
  }

  /// Does without clients that are gone: others may use the room for their updates.
  mutating func lose(_ clients: [Int], _ now: Duration, _ actions: inout [BrokerAction]) {
    for client in clients {
      actions += state.withdrawGrant(of: client, plan, models, members)
      if let member = members.noteGone(client, at: now) { watch.vanished(client, member) }
    }
  }

  /// Somebody is gone, or no longer listens.
  mutating func unsubscribed(
    _ topic: Topic, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    switch topic {
    case .all: return
    case .step: listeners.remove(topic)
    case .client(let client):
      switch members.stopListening(to: client) {
      case .isGone: lose([client], now, &actions)
      case .isContested: actions += members.askWhetherAlive(client, plan, at: now)
      case .isNoted: break
      }
    }
  }

  /// Takes in a client's message.
  mutating func receive(
    _ message: Message<Uplink>, from place: WorkerPlace?, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    guard let client = message.header.client else { return }
    if case .join(let join) = message.body {
      guard members.leaps.follow(join, message.header, &plan, &actions) else { return }
      let answer = members.ask(client, join, from: place, plan, at: now)
      if answer == .admits { return admit(client, join, from: place, now, &actions) }
      return actions += members.reply(answer, to: client, join, plan, at: now)
    }
    if let answer = plans.answer(message, of: client, plan, members, at: now) {
      return actions += answer
    }
    if let objection = members.objection(to: message.header, of: client, plan) {
      // It may take itself for a member, and would wait for ever to be asked.
      return actions += objection + members.invitation(of: client, message.header, plan)
    }
    members.heard(client, message.body, at: now)
    switch message.body {
    case .join, .planWant, .heartbeat: return
    case .leave(let worker):
      guard let member = members.leave(client, worker) else {
        return actions.append(.count("leave of an earlier worker"))
      }
      watch.left(client, member)
      actions += state.changeWork(of: client, plan, models, members) { $0.leave(client) }
      evaluation.change { $0.leave(client) }
      measuring.change { $0.settle(client, at: .left) }
    case .want, .offer, .updateChunk, .decline:
      if let answer = measuring.decline(client, message)
        ?? evaluation.answer(client, message, plan, &members)
      {
        return actions += answer
      }
      guard message.header.purpose == .training else {
        return actions += EvaluationCourse.late(message.body, of: client, &members)
      }
      receiveInRound(client, message, now, &actions)
    case .scores:
      actions +=
        evaluation.answer(client, message, plan, &members)
        ?? EvaluationCourse.lateScores(of: client, message.header, plan, nextRound: nextRound)
    case .sums(let sums): actions += measuring.answer(client, sums, plan, members)
    }
  }

  /// Answers a message of which no more than the header is of use.
  mutating func receive(
    _ fault: UplinkFault, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let header = fault.header
    guard let client = header.client, (0..<plan.clients).contains(client) else {
      return actions.append(.count("message of a stranger"))
    }
    if fault.isJoin || header.run == 0 {
      actions += plan.refuse(client, fault.reason, fault.problem, worker: fault.worker)
      return
    }
    if let objection = members.objection(to: header, of: client, plan) {
      return actions += objection
    }
    members.heard(client, at: now)
    if let answer = measuring.refuse(client, fault.header, fault.problem, plan)
      ?? evaluation.refuse(client, fault.header, fault.problem, plan)
    {
      return actions += answer
    }
    actions += state.refuse(client, fault.header, fault.problem, plan, models, members)
  }

  private mutating func admit(
    _ client: Int, _ join: Join, from place: WorkerPlace?, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    control.heard(client)
    guard !control.evicted.contains(client) else {
      return actions += BrokerControl.refusal(of: client, join.worker, plan)
    }
    let before = members[client]
    if let before, before.worker != join.worker {
      // The work of the one before it is lost with it.
      actions += state.changeWork(of: client, plan, models, members) { $0.giveUp(client) }
    }
    watch.admitted(
      client, as: members.admit(client, join, from: place, at: now), after: before)
    plans.joined(client)
    actions += plan.admission(
      of: client, join, after: before, confirmed[client], by: measuring.normalization)
    // It came back into an open round or evaluation, or lost its invitation.
    let isAsked =
      state.changeRound { $0.welcomeBack(client) }
      ?? evaluation.change { $0.welcomeBack(client) }
      ?? measuring.change { [members] in $0.ask(client, members) }
    guard isAsked == true else { return }
    actions.append(announcement(now, listing: true).addressed(to: client))
  }
}
