import Measures
import Progressive
package import Wire

/// The broker's side of the protocol: event in, actions out; no sockets, clock or threads.
///
/// Times are durations since the run began; `wakeTime` says when the next `tick` is due. A round
/// ends when all selected clients are settled, when a quorum is and the grace is over, or at its
/// deadline: always by the machine's own time, never only by an arriving message.
package struct BrokerMachine: Hashable, Sendable {
  /// The run's plan; its epoch becomes a later one where a client knows of such.
  package internal(set) var plan: BrokerPlan

  /// The broker's state, with the data that there is in it.
  var state: BrokerState
  /// The clients that joined.
  var members: Members
  /// The listeners to the steps of the model.
  var listeners = StepListeners()
  /// The deliveries of the plan.
  var plans = PlanDelivery()
  /// The next round, or the open one, from 1.
  private(set) var nextRound: Int
  /// The models of the rounds whose updates may count, by round.
  private(set) var models = RoundModels()
  /// The turns of each client so far.
  package private(set) var history: ParticipationHistory
  /// The updates that were stored durably before a restart, where clients are told of them.
  let confirmed: [Int: Submission]
  /// The standing orders of whoever runs the broker.
  package internal(set) var control: BrokerControl
  /// The workers that came and went.
  var watch = WorkerWatch()
  /// The evaluations of models by clients.
  var evaluation: EvaluationCourse
  /// The measuring of clients' samples.
  package internal(set) var measuring: MeasuringCourse
  /// The announcements.
  private var announcements: Announcements

  /// A broker at `now`, before `round`, with no client there yet.
  ///
  /// After a restart `round` is the one that was open, and `stored` the updates that had been
  /// stored durably for it, by client: they count, and aren't asked for again. `history` is that
  /// after the round before. `waitingSince` is when an incarnation before it began to wait for
  /// clients, if it did, and `evicted` are the clients that were excluded. `unevaluated` is the
  /// model of the round before, if that is over and clients have yet to evaluate it.
  /// `normalization` is the one that was made of clients' sums, if it was.
  package init(
    plan: BrokerPlan, round: Int = 1, at now: Duration = .zero, stored: [Int: Submission] = [:],
    history: ParticipationHistory = ParticipationHistory(), waitingSince: Duration? = nil,
    evicted: Set<Int> = [], evaluating unevaluated: PreparedModel? = nil,
    normalization: FederatedNormalization? = nil
  ) {
    self.plan = plan
    control = BrokerControl(evicted: evicted)
    self.history = history
    evaluation = EvaluationCourse(evaluating: unevaluated)
    measuring = MeasuringCourse(normalization)
    nextRound = round
    members = Members(
      clients: plan.clients, stages: plan.schedule.stages, restrictions: history.restrictions)
    confirmed = plan.confirmsUpdates ? stored : [:]
    state = .gathering(
      BrokerState.Gathering(
        began: now, since: waitingSince ?? now, restored: stored,
        isThrough: round > plan.schedule.totalRounds && unevaluated == nil))
    announcements = Announcements(due: now)
  }

  /// Takes in what happened at `now` and says what is to be done.
  package mutating func handle(_ event: BrokerEvent, at now: Duration) -> [BrokerAction] {
    var actions: [BrokerAction] = []
    if state.kind == .ended { return actions }
    switch event {
    case .tick: break
    case .message(let message, let place): receive(message, from: place, now, &actions)
    case .faulty(let fault): receive(fault, now, &actions)
    case .forbidden(let client, let worker, let detail):
      members.forbid(client, worker)
      actions += plan.refuse(client, .notAuthorized, detail, worker: worker)
    case .subscribed(let topic): subscribed(topic, now, &actions)
    case .unsubscribed(let topic): unsubscribed(topic, now, &actions)
    case .disconnected(let client): members.lose(client)
    case .prepared(let model): prepared(model, now, &actions)
    case .evaluable(let model): evaluable(model, now, &actions)
    case .normalized(let made): actions += measuring.take(made, plan, members)
    case .stored(let round, let client, let result):
      stored(round, client, result, now, &actions)
    case .limited(let able):
      if let awaited, able < awaited { giveUp(able: able, now, &actions) }
    case .ordered(let order): obey(order, now, &actions)
    case .stop: bid(farewell: false, now, &actions)
    }
    proceed(now, &actions)
    return actions
  }

  /// The time at which the next tick is due, if nothing else happens.
  package var wakeTime: Duration? {
    switch state {
    case .ended: nil
    case .farewell(let farewell): min(farewell.until, announcements.due)
    // The join timeout is looked at with each announcement.
    case .gathering: min(announcements.due, measuring.deadline ?? announcements.due)
    case .preparing:
      min(announcements.due, openEvaluation?.wakeTime(plan.limits) ?? announcements.due)
    case .waiting(let pending):
      control.isPaused
        ? announcements.due : min(announcements.due, pending.since + plan.rules.patience)
    case .open(let round): min(announcements.due, round.wakeTime(plan))
    }
  }

  /// The clients that joined and are there, in rising order.
  package var present: [Int] { Array(members.presence.all) }

  /// The number of clients that joined and are there.
  package var presentCount: Int { members.presence.count }

  /// The number of clients whose updates of earlier rounds are under way, or count in the next.
  package var carriedCount: Int { state.work?.origins.count ?? 0 }

  /// The evaluation that is open, as after the last round; nil if none is.
  package var openEvaluation: HoldOutEvaluation? { evaluation.open }

  /// True from the end of a round until its model has been evaluated by clients.
  package var isEvaluating: Bool { evaluation.isUnderWay }

  /// The round that is open, from 1; nil between rounds.
  package var openRound: Int? { state.phase?.round }

  /// The stage of a round whose updates may still count, from 1; nil for others.
  package func stage(of round: Int) -> Int? {
    if let phase = openEvaluation?.phase, phase.round == round { return phase.stage }
    return models[round]?.stage
  }

  /// The number of clients that it takes to begin the next round; nil unless it waits for clients.
  package var awaited: Int? { state.awaited(plan).map { max($0, measuring.needed(plan)) } }

  /// The time since which it has waited for clients; nil unless it does.
  package var waitingSince: Duration? { state.waitingSince }

  /// The clients that work on updates which count in the next round, or have one that does.
  package var atWork: Set<Int> { state.atWork }

  /// True if a client of so many stages, nil for all, could be asked in the round that is awaited.
  package func canTakePart(_ client: Int, limit: Int?) -> Bool {
    guard let limit = members.limit(of: client, and: limit) else { return true }
    return state.asks(limit)
  }

  /// The state of the run at `now`, with all who are there.
  package func presence(at now: Duration) -> Presence {
    Presence(
      state, plan, members, control, measuring: measuring.open, nextRound: nextRound, at: now)
  }

  /// Does as whoever runs the broker says, or says why not.
  private mutating func obey(
    _ order: ControlOrder, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let outcome = control.obey(
      order, &state, &evaluation, &measuring, &members, models, plan, at: now)
    actions += outcome.actions
    if outcome.endsRun { bid(farewell: false, now, &actions) }
    if outcome.answer.ok { announcements.due = min(announcements.due, now) }
    actions.append(.notice(.ordered(order, outcome.answer)))
  }

  /// Does what is due at `now`.
  private mutating func proceed(_ now: Duration, _ actions: inout [BrokerAction]) {
    switch state.kind {
    case .gathering: gather(now, &actions)
    case .waiting:
      open(now, &actions)
      proceedInRound(now, &actions)
    case .open: proceedInRound(now, &actions)
    case .farewell:
      if let end = state.endFarewell(of: members, at: now) { return actions.append(end) }
    case .preparing: actions += evaluation.proceed(plan, listeners, members, at: now)
    case .ended: break
    }
    if !control.isPaused, measuring.isHopeless(state, plan, members, at: now) {
      giveUp(now, &actions)
    }
    if let passed = announcements.inspects(at: now, every: plan.limits.announceInterval) {
      let lost = members.followUp(plan, without: control.evicted, at: now)
      actions += lost.questions + state.withdrawLapsed(plan, models, members, after: passed)
      lose(lost.gone, now, &actions)
    }
    if announcements.due <= now {
      actions += state.withdrawFromSilent(plan, models, members, at: now)
      let news = watch.news(members, state, silence: plan.limits.silence, at: now)
      actions += news.map { .notice(.worker($0)) } + watch.questions(members, state, plan, at: now)
      announce(now, &actions)
    }
  }

  private mutating func gather(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard case .gathering(let gathering) = state,
      measuring.isUnderWay || gathering.isOver(plan, present: presentCount, at: now)
    else { return }
    if gathering.isThrough { return bid(farewell: true, now, &actions) }
    if let steps = measuring.proceed(plan, members, at: now) {
      if !steps.isEmpty { announcements.due = now }
      return actions += steps
    }
    state = .preparing(.restored(gathering.restored))
    if let model = evaluation.takeUnevaluated() { return evaluable(model, now, &actions) }
    actions.append(.prepare(round: nextRound))
  }

  private mutating func prepared(
    _ model: PreparedModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard case .preparing(let backlog) = state, model.round == nextRound else { return }
    if model.followsDiscarded { history.discardLast() }
    if nextRound > plan.schedule.totalRounds {
      bid(farewell: true, now, &actions)
    } else if control.isDraining {
      bid(farewell: false, now, &actions)
    } else {
      state = .waiting(PendingRound(prepared: model, since: now, backlog: backlog))
    }
  }

  /// Begins the run's end: clients are told until they are gone, or for a while.
  mutating func bid(farewell isComplete: Bool, _ now: Duration, _ actions: inout [BrokerAction]) {
    if case .farewell = state { return }
    evaluation.cancel()
    state = .farewell(
      BrokerState.Farewell(
        until: now + plan.limits.farewell, isComplete: isComplete, restored: state.restored))
    announcements.due = now
  }

  /// Publishes the broker's state, and says when to do so again.
  mutating func announce(_ now: Duration, _ actions: inout [BrokerAction]) {
    announcements.due = now + plan.limits.announceInterval
    if case .farewell(let farewell) = state {
      let message = Message(plan.header(in: nil), Downlink.finished(complete: farewell.isComplete))
      return actions.append(.send(.all, message))
    }
    actions.append(.send(.all, announcement(now)))
    actions += control.reminders(members, plan)
    if !control.isPaused { actions += measuring.lack(state, plan, members, at: now) }
  }

  /// The announcement of the broker's state, with all steps to the model if there is a choice.
  mutating func announcement(_ now: Duration, listing: Bool = false) -> Message<Downlink> {
    announcements.next(
      of: state, openEvaluation, measuring.open, plan, counted: history.counted, at: now,
      listing: listing, isPaused: control.isPaused)
  }
}

/// The rounds and their end.
extension BrokerMachine {
  /// Opens the round that was pending, if enough clients are here.
  private mutating func open(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard !control.isPaused, case .waiting(let pending) = state,
      let round = OpenRound(pending, of: plan, members, history, at: now)
    else { return }
    let (phase, model) = (round.phase, round.model)
    models.add(model, of: phase.round, staleness: plan.rules.stragglers.maximalStaleness)
    listeners.keep(model.steps.keys)
    state = .open(round)
    actions.append(
      .notice(.opened(round: phase.round, stage: phase.stage, selected: round.selected.count)))
    if !model.isListed {
      actions += model.invitations(announcement(now, listing: true), members)
    }
    announce(now, &actions)
  }

  /// Broadcasts the model, or ends the round, when it is time.
  private mutating func proceedInRound(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard case .open(let round) = state else { return }
    if let broadcasts = round.broadcasts(listeners, window: plan.limits.gatherWindow, at: now) {
      state.changeRound { $0.delivery = .repairing(Repairs()) }
      if !broadcasts.isEmpty {
        actions.append(.broadcast(round: round.phase.round, broadcasts))
      }
    }
    if round.isOver(plan.rules, at: now, members) { return close(round, now, &actions) }
    let drawn = state.fillRound(plan, members, history, at: now)
    guard !drawn.isEmpty else { return }
    let announcement = announcement(now, listing: true)
    for client in drawn { actions.append(announcement.addressed(to: client)) }
  }

  /// Ends the round: says so, and has its updates aggregated and the next model made.
  private mutating func close(
    _ round: OpenRound, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let message = Message(plan.header(in: round.phase), Downlink.closed(accepted: round.accepted))
    actions.append(.send(.all, message))
    let closed = round.closed(of: plan, members, at: now)
    for client in closed.released { actions.append(.release(client: client)) }
    history.note(closed.result, depths: plan.depths, keepsUpdates: plan.clientsRemember)
    actions.append(.close(closed.result))
    nextRound = round.phase.round + 1
    state = .preparing(.carried(closed.carried))
    announcements.due = now + plan.limits.announceInterval
    // Also after the last round: clients must not leave before it is safe.
    actions.append(evaluation.conclude(round.phase.round, plan))
  }

  /// The model that a round came to is ready to be sent: says who evaluates it.
  private mutating func evaluable(
    _ prepared: PreparedModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let busy = state.work?.origins.keys.map(\.self) ?? []
    guard prepared.round == nextRound - 1,
      let opened = evaluation.begin(prepared, plan, members, without: busy, at: now),
      !opened.selected.isEmpty
    else { return }
    let model = opened.model
    listeners.keep(model.steps.keys)
    actions.append(.notice(.evaluating(round: prepared.round, clients: opened.selected.count)))
    if !model.isListed {
      actions += model.invitations(announcement(now, listing: true), members)
    }
    announce(now, &actions)
  }

  /// Ends the run, which may go on another time, as more than the clients that are here are needed,
  /// or more than the `able` that there can be.
  private mutating func giveUp(
    able: Int? = nil, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard
      let (shortage, isOverdue) = measuring.surrender(state, plan, members, able: able, at: now)
    else { return }
    actions.append(.notice(.gaveUp(shortage, isOverdue: isOverdue)))
    bid(farewell: false, now, &actions)
  }
}
