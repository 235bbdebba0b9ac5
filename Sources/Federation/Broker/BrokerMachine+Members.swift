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
      case let arrival: actions += members.greeting(to: client, arrival, plan)
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
      return admitOrRefuse(client, join, from: place, now, &actions)
    }
    if let answer = plans.answer(message, of: client, plan, members, at: now) {
      return actions += answer
    }
    guard plan.isOfThisRun(message.header) else {
      return actions.append(.count("message of another run"))
    }
    guard members[client] != nil else {
      actions.append(.count("message of a stranger"))
      // It takes itself for a member, and would wait for ever to be asked.
      if members.isListening(client) { actions.append(plan.askToJoin(client)) }
      return
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
    case .want, .offer, .updateChunk, .decline:
      if let answer = evaluation.answer(client, message, plan, &members) {
        return actions += answer
      }
      receiveInRound(client, message, now, &actions)
    case .scores:
      actions +=
        evaluation.answer(client, message, plan, &members)
        ?? EvaluationCourse.lateScores(of: client, message.header, plan, nextRound: nextRound)
    case .sums: return actions.append(.count("report that wasn't asked for"))
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
    guard plan.isOfThisRun(header) else {
      return actions.append(.count("message of another run"))
    }
    guard members[client] != nil else {
      return actions.append(.count("message of a stranger"))
    }
    members.heard(client, at: now)
    if let answer = evaluation.refuse(client, header, fault.problem, plan) {
      return actions += answer
    }
    actions += state.refuse(client, header, fault.problem, plan, models, members)
  }

  private mutating func admitOrRefuse(
    _ client: Int, _ join: Join, from place: WorkerPlace?, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    switch members.ask(client, join, from: place, plan, at: now) {
    case .admits: admit(client, join, from: place, now, &actions)
    case .waits: break
    case .isTaken(let member, let isDue):
      if isDue { actions += members.askWhetherAlive(client, plan, at: now) }
      actions += plan.refuse(
        client, .wrongClient, "\(member.place?.description ?? "another worker") plays this client",
        retry: 2000, worker: join.worker)
    case .isRefused(let reason, let detail):
      actions += plan.refuse(client, reason, detail, worker: join.worker)
    }
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
    if !join.labels.isEmpty, before?.labels != join.labels {
      actions.append(.keep(labels: join.labels, of: client))
    }
    plans.joined(client)
    // Also the worker that played it before hears that, if it lives, and asks again.
    actions.append(plan.welcome(client, worker: join.worker))
    // A client that doesn't wait for that ignores it.
    if let known = confirmed[client] {
      let header = plan.header(to: client, round: known.round, stage: known.stage)
      actions.append(.send(.client(client), Message(header, .acknowledge(.duplicate))))
    }
    // It came back into an open round or evaluation, or lost its invitation.
    let isAsked =
      state.changeRound { $0.welcomeBack(client) }
      ?? evaluation.change { $0.welcomeBack(client) }
    guard isAsked == true else { return }
    actions.append(announcement(now, listing: true).addressed(to: client))
  }
}
