import Bytes
import Measures
import Progressive
import Wire

/// The evaluation of a round's model on what clients hold out, between it and the next.
enum EvaluationCourse: Hashable, Sendable {
  /// The model is being made ready.
  case awaitsModel
  /// Clients evaluate it.
  case open(HoldOutEvaluation)

  /// The evaluation that is open; nil before.
  var open: HoldOutEvaluation? {
    guard case .open(let evaluation) = self else { return nil }
    return evaluation
  }
}

extension BrokerMachine {
  /// The evaluation that is open, as after the last round; nil if none is.
  package var openEvaluation: HoldOutEvaluation? { evaluation?.open }

  /// True from the end of a round until its model has been evaluated by clients.
  package var isEvaluating: Bool { evaluation != nil || unevaluated != nil }

  /// Goes on after `round`: to its evaluation where that is due, else to the next round.
  mutating func conclude(_ round: Int, _ actions: inout [BrokerAction]) {
    guard plan.evaluation?.isDue(after: round, of: plan.schedule.totalRounds) == true else {
      return actions.append(.prepare(round: round + 1))
    }
    evaluation = .awaitsModel
    actions.append(.prepareEvaluation(round: round))
  }

  /// The model that a round came to is ready to be sent: draws who evaluates it, and says so.
  mutating func evaluable(
    _ prepared: PreparedModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard evaluation == .awaitsModel, prepared.round == nextRound - 1, let rules = plan.evaluation
    else { return }
    let model = RoundModel(prepared, for: members)
    let able = members.evaluators(
      of: prepared.phase.stage, plan, without: state.work?.origins.keys.map(\.self) ?? [])
    let drawn = Selection.uniform(
      rules.count(of: able.count), of: able,
      using: RandomStream(seed: plan.seed).stream("evaluators", prepared.round))
    let opened = HoldOutEvaluation(
      phase: prepared.phase, model: model, selected: drawn, opened: now,
      deadline: now + plan.rules.deadline)
    evaluation = .open(opened)
    guard !drawn.isEmpty else { return }
    listeners.keep(model.steps.keys)
    actions.append(.notice(.evaluating(round: prepared.round, clients: drawn.count)))
    if !model.isListed {
      actions += model.invitations(announcement(now, listing: true), members)
    }
    announce(now, &actions)
  }

  /// Broadcasts the model, or ends the evaluation, when it is time.
  mutating func proceedInEvaluation(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard let open = evaluation?.open else { return }
    if let broadcasts = open.broadcasts(listeners, window: plan.limits.gatherWindow, at: now) {
      changeEvaluation { $0.delivery = .repairing([:]) }
      if !broadcasts.isEmpty {
        actions.append(.broadcast(round: open.phase.round, broadcasts))
      }
    }
    guard open.isOver(plan.limits, at: now, members) else { return }
    evaluation = nil
    actions.append(.evaluated(open.result(at: now)))
    actions.append(.prepare(round: open.phase.round + 1))
    // What was held back is for the next round.
    actions += heldBack
    heldBack = []
  }

  /// Takes in a client's message about an evaluation; false if it isn't about the one that is open.
  mutating func receiveInEvaluation(
    _ client: Int, _ message: Message<Uplink>, _ actions: inout [BrokerAction]
  ) -> Bool {
    guard let open = evaluation?.open, open.asks(client, after: message.header.round) else {
      return false
    }
    let header = plan.header(
      to: client, round: open.phase.round, stage: open.phase.stage)
    switch message.body {
    case .want(let worker, let needs):
      let (round, limits) = (open.phase.round, plan.limits)
      let answers = changeEvaluation { $0.want(client, worker, needs, limits) } ?? []
      for answer in answers {
        actions.append(answer.action(in: round, to: client, for: .evaluation))
      }
    case .decline(let reason, let detail):
      changeEvaluation { $0.settle(client, at: .declined(reason)) }
      if reason == .noData || reason == .badData { members.holdsNothingOut(client) }
      actions.append(.count("evaluation declined: \(reason.name)"))
      actions.append(.notice(.declined(client: client, reason, detail: detail)))
    case .scores(let scores):
      score(client, scores, under: header, &actions)
    case .join, .offer, .updateChunk, .heartbeat, .leave, .planWant, .sums: return false
    }
    return true
  }

  private mutating func score(
    _ client: Int, _ scores: HoldOutScores, under header: Header, _ actions: inout [BrokerAction]
  ) {
    let problem = plan.evaluation?.problem(
      of: scores, heldOut: members.heldOut(client, plan), lossLimit: plan.lossLimit)
    let answer = changeEvaluation { $0.score(client, scores, problem: problem) }
    switch answer {
    case .counts:
      if let model = evaluation?.open?.model {
        members.holds(model.segments.map(\.state.prefix), client)
      }
    case .isRepeated: actions.append(.count("repeated scores"))
    case .isRefused(let reason, let detail):
      actions += plan.refuse(client, reason, detail, under: header)
      return
    case nil: return
    }
    actions.append(.send(.client(client), Message(header, .noted(.scores))))
  }

  /// Answers scores that aren't waited for, so that the client needn't repeat them.
  mutating func receiveLateScores(
    of client: Int, _ header: Header, _ actions: inout [BrokerAction]
  ) {
    guard header.round < nextRound else {
      // The broker was restarted, and will ask for them again.
      return actions.append(.count("early scores"))
    }
    actions.append(.count("late scores"))
    let answer = plan.header(to: client, round: header.round, stage: header.stage)
    actions.append(.send(.client(client), Message(answer, .noted(.scores))))
  }

  /// Refuses an evaluator's message that can't be read; false if no evaluation asks the client.
  mutating func refuseFaultyScores(
    _ client: Int, _ header: Header, _ problem: String, _ actions: inout [BrokerAction]
  ) -> Bool {
    guard let open = evaluation?.open, open.asks(client, after: header.round) else { return false }
    changeEvaluation { $0.settle(client, at: .refused(.malformed)) }
    actions += plan.refuse(
      client, .malformed, problem,
      under: plan.header(to: client, round: open.phase.round, stage: open.phase.stage))
    return true
  }

  /// Changes the open evaluation in place; nil if none is open.
  @discardableResult
  mutating func changeEvaluation<Answer>(
    _ change: (inout HoldOutEvaluation) -> Answer
  ) -> Answer? {
    guard case .open(var open) = evaluation else { return nil }
    evaluation = .awaitsModel
    defer { evaluation = .open(open) }
    return change(&open)
  }
}

extension Members {
  /// The clients that are here, hold enough out and have the memory for the model of `stage`, in
  /// rising order, without some.
  func evaluators(
    of stage: Int, _ plan: BrokerPlan, without busy: [Int]
  ) -> [Int] {
    let least = max(1, plan.evaluation?.minimumSamples ?? 1)
    return presence.pool(without: busy) { limit in limit.map { $0 >= stage } ?? true }
      .filter { heldOut($0, plan) ?? 0 >= least }
  }

  /// The number of samples that a client holds out, as it said in JOIN or as it was dealt; nil
  /// where neither is known.
  func heldOut(_ client: Int, _ plan: BrokerPlan) -> Int? {
    if let own = self[client]?.heldOut { return own }
    return plan.dealtHoldOuts.indices.contains(client) ? plan.dealtHoldOuts[client] : nil
  }
}
