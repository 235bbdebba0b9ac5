import Bytes
import Measures
import Progressive
import Wire

/// The course of clients' evaluations of models, each between its round and the next.
struct EvaluationCourse: Hashable, Sendable {
  /// The state of the evaluation of the last round's model.
  private enum State: Hashable {
    /// None is under way.
    case rests
    /// The model is being made ready.
    case awaitsModel
    /// Clients evaluate it.
    case open(HoldOutEvaluation)
  }

  private var state = State.rests
  /// The model of a round that ended before a restart, which clients have yet to evaluate.
  private var unevaluated: PreparedModel?
  /// The updates of earlier rounds that came whole meanwhile, to be stored once the next round is
  /// made.
  private var heldBack: [BrokerAction] = []

  /// A course that begins with the model of a round that ended before a restart, if there is one.
  init(evaluating unevaluated: PreparedModel?) { self.unevaluated = unevaluated }

  /// The evaluation that is open; nil if none is.
  var open: HoldOutEvaluation? {
    guard case .open(let evaluation) = state else { return nil }
    return evaluation
  }

  /// True from the end of a round until its model has been evaluated.
  var isUnderWay: Bool { state != .rests || unevaluated != nil }

  /// Forgets what is under way, as the run ends.
  mutating func cancel() {
    state = .rests
    heldBack = []
  }

  /// Takes the model that is left to evaluate from before a restart, if there is one.
  mutating func takeUnevaluated() -> PreparedModel? {
    guard let model = unevaluated else { return nil }
    unevaluated = nil
    state = .awaitsModel
    return model
  }

  /// Goes on after `round`: to its evaluation where that is due, else to the next round.
  mutating func conclude(_ round: Int, _ plan: BrokerPlan) -> BrokerAction {
    guard plan.evaluation?.isDue(after: round, of: plan.schedule.totalRounds) == true else {
      return .prepare(round: round + 1)
    }
    state = .awaitsModel
    return .prepareEvaluation(round: round)
  }

  /// Opens the evaluation of a model that is ready to be sent: draws who evaluates it.
  ///
  /// Nil if none was waited for. `busy` are the clients that work on updates of earlier rounds.
  mutating func begin(
    _ prepared: PreparedModel, _ plan: BrokerPlan, _ members: Members, without busy: [Int],
    at now: Duration
  ) -> HoldOutEvaluation? {
    guard state == .awaitsModel, let rules = plan.evaluation else { return nil }
    let able = members.evaluators(of: prepared.phase.stage, plan, without: busy)
    let drawn = Selection.uniform(
      rules.count(of: able.count), of: able,
      using: RandomStream(seed: plan.seed).stream("evaluators", prepared.round))
    let opened = HoldOutEvaluation(
      phase: prepared.phase, model: RoundModel(prepared, for: members), selected: drawn,
      opened: now, deadline: now + plan.rules.deadline)
    state = .open(opened)
    return opened
  }

  /// Broadcasts the model, or ends the evaluation, when it is time.
  mutating func proceed(
    _ plan: BrokerPlan, _ listeners: StepListeners, _ members: Members, at now: Duration
  ) -> [BrokerAction] {
    guard let open else { return [] }
    var actions: [BrokerAction] = []
    if let broadcasts = open.broadcasts(listeners, window: plan.limits.gatherWindow, at: now) {
      change { $0.delivery = .repairing(Repairs()) }
      if !broadcasts.isEmpty {
        actions.append(.broadcast(round: open.phase.round, broadcasts))
      }
    }
    guard open.isOver(plan.limits, at: now, members) else { return actions }
    state = .rests
    actions.append(.evaluated(open.result(at: now)))
    actions.append(.prepare(round: open.phase.round + 1))
    // What was held back is for the next round.
    actions += heldBack
    heldBack = []
    return actions
  }

  /// Holds an update back while an evaluation is under way: the next round takes shape only after
  /// it.
  mutating func store(_ action: BrokerAction) -> [BrokerAction] {
    guard isUnderWay else { return [action] }
    heldBack.append(action)
    return []
  }

  /// Changes the open evaluation in place; nil if none is open.
  @discardableResult
  mutating func change<Answer>(_ change: (inout HoldOutEvaluation) -> Answer) -> Answer? {
    guard case .open(var open) = state else { return nil }
    state = .awaitsModel
    defer { state = .open(open) }
    return change(&open)
  }
}

/// Clients' messages about an evaluation.
extension EvaluationCourse {
  /// Answers a client's message about the evaluation that is open; nil if it isn't about it.
  ///
  /// What a client says of its training may come only now: it is about the round.
  mutating func answer(
    _ client: Int, _ message: Message<Uplink>, _ plan: BrokerPlan, _ members: inout Members
  ) -> [BrokerAction]? {
    guard let open, open.asks(client, after: message.header.round) else { return nil }
    switch message.body {
    case .want, .decline: guard message.header.purpose == .evaluation else { return nil }
    default: break
    }
    switch message.body {
    case .want(let worker, let needs):
      let answers = change { $0.want(client, worker, needs, plan.limits) } ?? []
      return answers.map { $0.action(in: open.phase.round, to: client, for: .evaluation) }
    case .decline(let reason, let detail):
      change { $0.settle(client, at: .declined(reason)) }
      if reason == .noData || reason == .badData { members.holdsNothingOut(client) }
      return [
        .count("evaluation declined: \(reason.name)"),
        .notice(.declined(client: client, reason, detail: detail)),
      ]
    case .scores(let scores):
      let header = plan.header(to: client, after: open.phase)
      return score(client, scores, under: header, plan, &members)
    case .join, .offer, .updateChunk, .heartbeat, .leave, .planWant, .sums: return nil
    }
  }

  private mutating func score(
    _ client: Int, _ scores: HoldOutScores, under header: Header, _ plan: BrokerPlan,
    _ members: inout Members
  ) -> [BrokerAction] {
    let problem = plan.evaluation?.problem(
      of: scores, heldOut: members.heldOut(client, plan), lossLimit: plan.lossLimit)
    let noted = BrokerAction.send(.client(client), Message(header, .noted(.scores)))
    switch change({ $0.score(client, scores, problem: problem) }) {
    case .counts:
      if let model = open?.model { members.holds(model.segments.map(\.state.prefix), client) }
      return [noted]
    case .isRepeated: return [.count("repeated scores"), noted]
    case .isRefused(let reason, let detail):
      return plan.refuse(client, reason, detail, under: header)
    case nil: return []
    }
  }

  /// Takes in what a client says of an evaluation that is over, or that it isn't asked for.
  static func late(
    _ body: Uplink, of client: Int, _ members: inout Members
  ) -> [BrokerAction] {
    switch body {
    case .want: return [.count("late want")]
    case .decline(let reason, _):
      if reason == .noData || reason == .badData { members.holdsNothingOut(client) }
      return [.count("late decline")]
    default: return [.count("unexpected message of an evaluation")]
    }
  }

  /// Answers scores that aren't waited for, so that the client needn't repeat them.
  static func lateScores(
    of client: Int, _ header: Header, _ plan: BrokerPlan, nextRound: Int
  ) -> [BrokerAction] {
    guard header.round < nextRound else {
      // The broker was restarted, and will ask for them again.
      return [.count("early scores")]
    }
    let answer = plan.header(
      to: client, round: header.round, stage: header.stage, purpose: .evaluation)
    return [
      .count("late scores"), .send(.client(client), Message(answer, .noted(.scores))),
    ]
  }

  /// Refuses an evaluator's message that can't be read; nil if no evaluation asks the client.
  mutating func refuse(
    _ client: Int, _ header: Header, _ problem: String, _ plan: BrokerPlan
  ) -> [BrokerAction]? {
    guard let open, header.purpose == .evaluation, open.asks(client, after: header.round) else {
      return nil
    }
    change { $0.settle(client, at: .refused(.malformed)) }
    return plan.refuse(
      client, .malformed, problem, under: plan.header(to: client, after: open.phase))
  }
}

extension BrokerPlan {
  /// The header of a message to a client about the evaluation after a round.
  fileprivate func header(to client: Int, after phase: Phase) -> Header {
    header(to: client, round: phase.round, stage: phase.stage, purpose: .evaluation)
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
