import Measures
package import Progressive
package import Wire

/// The round that is open: its model, the clients that were asked, and their progress.
package struct OpenRound: Hashable, Sendable {
  /// The round, its stage and whether it is one of warm-up.
  package let phase: Phase
  /// The announced model.
  package let model: RoundModel
  /// The learning rate.
  package let learningRate: Float
  /// The time at which the round began.
  package let opened: Duration
  /// The time at which it ends at the latest.
  package private(set) var deadline: Duration

  /// The clients that were asked, in rising order.
  package private(set) var selected: [Int] = []
  /// The stages that clients are to train, of those that train less than the round's.
  package var depths: [Int: Int] = [:]
  /// The time within which clients are expected to be done; nil where depths aren't chosen by it.
  package var depthTarget: Duration?
  /// The times since the round's beginning after which updates were accepted.
  package private(set) var times: [Int: Duration] = [:]
  /// The clients at work, for this round and earlier ones.
  package var work: ClientsAtWork
  /// The model's way to the clients.
  package var delivery = ModelDelivery.gathering([:])
  /// The time at which enough updates had been accepted.
  package private(set) var quorumReached: Duration?
  /// The time at which half of those that were asked had an update accepted.
  private var halfReached: Duration?

  /// A round in which no client was heard yet.
  package init(
    phase: Phase, model: RoundModel, learningRate: Float, selected: [Int], opened: Duration,
    deadline: Duration
  ) {
    self.phase = phase
    self.model = model
    self.learningRate = learningRate
    self.opened = opened
    self.deadline = deadline
    work = ClientsAtWork(round: phase.round)
    for client in selected { invite(client) }
  }

  /// Asks another client.
  package mutating func invite(_ client: Int) {
    work.invite(client)
    let place = selected.firstIndex { $0 > client } ?? selected.endIndex
    selected.insert(client, at: place)
  }

  /// Asks clients in place of those that are done.
  package mutating func fill(
    with clients: [Int], _ plan: BrokerPlan, _ members: Members, _ history: ParticipationHistory
  ) {
    work.fill()
    for client in clients { invite(client) }
    chooseDepths(of: clients, plan, members, history)
  }

  /// Asks a client again that left and came back; false if it takes no part in this round itself.
  package mutating func welcomeBack(_ client: Int) -> Bool {
    guard let progress = work.progress[client], work.origins[client] == nil else { return false }
    if progress == .left { work.advance(client, to: .invited) }
    return true
  }

  /// Notes the time at which as many updates of those at `work` were accepted as the quorum says,
  /// all if there is none, and enough of the whole stage among them.
  ///
  /// The last one came from `client`. Where the members are given, those that aren't there aren't
  /// waited for.
  package mutating func noteQuorum(
    _ plan: BrokerPlan, _ work: ClientsAtWork, _ members: Members? = nil, by client: Int? = nil,
    at now: Duration
  ) {
    if let client { times[client] = now - opened }
    if quorumReached == nil, work.accepted >= plan.rules.quorum ?? selected.count,
      hasWholeQuorum(plan, work, members)
    {
      quorumReached = now
    }
    if 2 * work.accepted >= selected.count, halfReached == nil { halfReached = now }
  }

  /// True if there are as many updates as the quorum says, but too few of the whole stage.
  package func lacksWhole(_ rules: RoundRules) -> Bool {
    quorumReached == nil && work.accepted >= rules.quorum ?? .max
  }

  /// The time since which those that are still at work are late: since the quorum was there, or
  /// half of the updates; nil before.
  package var enoughSince: Duration? { [quorumReached, halfReached].compactMap(\.self).min() }

  /// Has it end at `time` at the latest; returns the time before.
  package mutating func end(by time: Duration) -> Duration {
    defer { deadline = time }
    return deadline
  }

  /// The clients that were asked and have something left to do, whatever they remember of it.
  package var unsettled: [Int] { selected.filter { work.progress[$0]?.isSettled == false } }

  /// The time at which something is due, if nothing arrives.
  package func wakeTime(_ plan: BrokerPlan) -> Duration {
    var due = deadline
    if plan.rules.stragglers.bufferSize == nil, let end = graceEnd(plan.rules) {
      due = min(due, end)
    }
    if delivery.isGathering { due = min(due, opened + plan.limits.gatherWindow) }
    return due
  }

  /// True if the round has all that it waits for, or has waited for long enough.
  package func isOver(_ rules: RoundRules, at now: Duration, _ members: Members) -> Bool {
    if deadline <= now || work.isEnough(rules) { return true }
    guard rules.stragglers.bufferSize == nil else {
      // A client at work may fill the buffer; without anybody it will not get fuller.
      let isBusy = work.unsettled > 0 || work.unsettledLate > 0
      return !isBusy && replacements(members).isEmpty
    }
    let isGraceOver = graceEnd(rules).map { $0 <= now } ?? false
    return work.unsettled == 0 || isGraceOver
  }

  /// The time until which others are waited for once the quorum is there; nil before.
  private func graceEnd(_ rules: RoundRules) -> Duration? {
    quorumReached.map { $0 + rules.grace.time(after: $0 - opened) }
  }

  /// The clients that may be asked in place of those that are done, where updates are buffered.
  package func replacements(_ members: Members) -> PresentClients.Pool {
    members.eligible(for: model, without: Set(work.progress.keys))
  }

  /// The steps to broadcast now; nil while clients are still asking, or after the broadcast.
  package func broadcasts(
    _ listeners: StepListeners, window: Duration, at now: Duration
  ) -> [Broadcast]? {
    delivery.broadcasts(
      of: model, listeners, haveAllAsked: work.invited == 0, isOverdue: opened + window <= now,
      for: .training)
  }

  /// Takes in the steps that a client asks for, and says which of them are repaired or can't be
  /// had.
  package mutating func want(
    _ client: Int, _ worker: UInt64, _ needs: [Need], _ limits: ProtocolLimits
  ) -> [ModelDelivery.Answer] {
    delivery.want(client, worker, needs, of: model, limits)
  }
}
