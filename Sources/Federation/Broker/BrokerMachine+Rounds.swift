import Bytes
import Measures
import Progressive
import Wire

extension BrokerMachine {
  /// Opens the round for which `prepared` was made, if enough clients are here.
  mutating func open(
    _ prepared: PreparedModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard presence.count >= needed else { return }
    let phase = prepared.phase
    let model = model(of: phase, prepared)
    let own = stored.filter { $0.value.round >= phase.round }
    let late = stored.filter { $0.value.round < phase.round }
    let eligible = eligible(for: model, without: Set(late.keys))
    // Whose update for this round is here, or under way, takes part in it as well.
    let others = Set(stored.keys).union(round?.origins.keys.map(\.self) ?? [])
      .filter { !eligible.contains($0) }
    guard eligible.count + others.count >= needed else { return }
    // Where all are at work on late updates, the first of these opens the round.
    let isBegun = !stored.isEmpty || round?.acceptedLate ?? 0 > 0
    guard !eligible.isEmpty || isBegun else { return }
    // A buffer that filled up between the rounds needs nobody else.
    let isFull = round.map(hasEnough) ?? false
    // As if those whose updates survived a restart were here: then the draw is the one of before.
    let drawn = draw(
      isFull ? 0 : max(0, plan.rules.clientsAsked - working), of: eligible,
      and: own.keys.filter { !eligible.contains($0) }, in: phase)
    var round = OpenRound(
      phase: phase, model: model, learningRate: Float(plan.learningRate(in: phase)),
      selected: Set(drawn).union(own.keys).sorted(), opened: now,
      deadline: now + plan.rules.deadline)
    if let last = self.round {
      for (client, origin) in last.origins.sorted(by: { $0.key < $1.key }) {
        guard let progress = last.progress[client] else { continue }
        round.carry(client, of: origin, at: progress)
      }
      round.duplicates = last.duplicates
      round.givenUp = last.givenUp
    }
    for (client, submission) in late {
      round.carry(client, of: submission.round, at: .accepted(submission))
    }
    for (client, submission) in own {
      // What it was trained from says which of the sub-models it was.
      let stage = model.stages[submission.offer.base] ?? submission.stage
      round.accept(
        Submission(submission.offer, round: submission.round, stage: stage), of: client,
        quorum: plan.rules.quorum, now)
    }
    stored = [:]
    models[phase.round] = model
    models = models.filter { $0.key >= phase.round - plan.rules.stragglers.maximalStaleness }
    // Topics of older models are of no more use.
    let topics = Set(model.steps.keys.map { Topic.step($0) })
    listeners = listeners.filter { topics.contains($0.key) }
    state = .open(phase)
    self.round = round
    actions.append(
      .notice(.opened(round: phase.round, stage: phase.stage, selected: round.selected.count)))
    if !model.isListed { invite(model, now, &actions) }
    announce(now, &actions)
  }

  /// Draws the clients of a round, of the eligible ones and `others`.
  private func draw(
    _ count: Int, of eligible: PresentClients.Pool, and others: [Int], in phase: Phase
  ) -> [Int] {
    let stream = RandomStream(seed: plan.seed).stream("selection", phase.round)
    let (sampling, history) = (plan.rules.sampling, history)
    guard !others.isEmpty else {
      return Selection.draw(
        count, ofOrdered: eligible, sampling: sampling, history: history, using: stream)
    }
    return Selection.draw(
      count, of: Array(eligible) + others, sampling: sampling, history: history, using: stream)
  }

  /// Tells each selected client how it comes by the model from what it is known to hold.
  private mutating func invite(
    _ model: RoundModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    var invitation = announcement(now, listing: true)
    guard case .announce(var announce) = invitation.body else { return }
    for client in announce.selected {
      announce.selected = [client]
      announce.segments = model.segments(from: members[client]?.states ?? [])
      invitation.body = .announce(announce)
      tell(client, invitation, &actions)
    }
  }

  /// What is announced in `phase`: the heads of earlier stages only where a member needs them.
  func model(of phase: Phase, _ prepared: PreparedModel) -> RoundModel {
    let available = RoundModel.depths(of: prepared.shallowHeads)
    let depths = limitedMembers.keys.compactMap { limit in available.last { $0 <= limit } }
    return RoundModel(stage: phase.stage, prepared, depths: Set(depths))
  }

  /// The clients that are here, have the memory and aren't at work on an earlier round's update.
  func eligible(
    for model: RoundModel, without others: Set<Int> = []
  ) -> PresentClients.Pool {
    presence.pool(without: others.union(round?.origins.keys.map(\.self) ?? [])) { limit in
      model.stage(allowedBy: limit) != nil
    }
  }

  /// How many clients are at work on earlier rounds' updates, where that counts as a place taken.
  private var working: Int {
    guard plan.rules.stragglers.bufferSize != nil, let round else { return 0 }
    return round.unsettledLate
  }

  /// When something is due in `round`, if nothing arrives.
  func wakeTime(of round: OpenRound) -> Duration {
    var due = round.deadline
    if let reached = round.quorumReached, plan.rules.stragglers.bufferSize == nil {
      due = min(due, reached + plan.rules.grace)
    }
    if round.wanted != nil { due = min(due, round.opened + plan.limits.gatherWindow) }
    return due
  }

  /// Broadcasts the model, or ends the round, when it is time.
  mutating func proceedInRound(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard let round, !round.isClosed else { return }
    if let broadcasts = broadcasts(of: round, now) {
      self.round?.wanted = nil
      if !broadcasts.isEmpty {
        actions.append(.broadcast(round: round.phase.round, broadcasts))
      }
    }
    if isOver(round, now) { return close(now, &actions) }
    replace(now, &actions)
  }

  /// Whether the round has all that it waits for, or has waited for long enough.
  private func isOver(_ round: OpenRound, _ now: Duration) -> Bool {
    if round.deadline <= now { return true }
    if hasEnough(round) { return true }
    if plan.rules.stragglers.bufferSize != nil {
      // Whoever still works may fill the buffer; without anybody it will not get fuller.
      let working = round.unsettled > 0 || self.working > 0
      return !working && replacements(in: round).isEmpty
    }
    let graceOver = round.quorumReached.map { $0 + plan.rules.grace <= now } ?? false
    return round.isComplete || graceOver
  }

  /// Whether the round has as many updates as it is to have.
  private func hasEnough(_ round: OpenRound) -> Bool {
    if let size = plan.rules.stragglers.bufferSize {
      return round.accepted + round.acceptedLate >= size
    }
    return plan.rules.target.map { round.accepted >= $0 } ?? false
  }

  /// The clients that may be asked in place of those that are done, where updates are buffered.
  private func replacements(in round: OpenRound) -> PresentClients.Pool {
    eligible(for: round.model, without: Set(round.progress.keys))
  }

  /// Asks as many clients anew as are done, where updates are buffered.
  private mutating func replace(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard plan.rules.stragglers.bufferSize != nil, let round, round.lacksClients else { return }
    self.round?.lacksClients = false
    let free = plan.rules.clientsAsked - round.unsettled - working
    guard free > 0 else { return }
    let stream = RandomStream(seed: plan.seed).stream(
      "replacement", round.phase.round, round.selected.count)
    let drawn = Selection.draw(
      free, ofOrdered: replacements(in: round), sampling: plan.rules.sampling, history: history,
      using: stream)
    guard !drawn.isEmpty else { return }
    for client in drawn { self.round?.invite(client) }
    let announcement = announcement(now, listing: true)
    for client in drawn { tell(client, announcement, &actions) }
  }

  /// The steps to broadcast now; nil while clients are still asking, or after the broadcast.
  private func broadcasts(of round: OpenRound, _ now: Duration) -> [Broadcast]? {
    guard let wanted = round.wanted else { return nil }
    let overdue = round.opened + plan.limits.gatherWindow <= now
    let allAsked = round.invited == 0
    // Each worker's subscription has come, so that no chunk is published too early for it.
    let allListen = round.wantingWorkers.allSatisfy { digest, workers in
      listeners[.step(digest)] ?? 0 >= workers.count
    }
    guard overdue || (allAsked && allListen) else { return nil }
    var sent: Set<Digest> = []
    return round.model.all.flatMap(\.steps).compactMap { step in
      guard let clients = wanted[step.digest], sent.insert(step.digest).inserted else { return nil }
      return Broadcast(step: step, clients: clients.sorted())
    }
  }

  /// Ends the round: says so, and has its updates aggregated and the next model made.
  private mutating func close(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard var round else { return }
    let isLast = round.phase.round >= plan.schedule.totalRounds
    let accepted = round.accepted + round.acceptedLate
    actions.append(.send(.all, Message(header(), .closed(accepted: accepted))))
    var outcomes = round.selected.map { client in
      (client: client, outcome: outcome(of: client, in: round, isLast: isLast, now))
    }
    var next: [Int: (origin: Int, progress: OpenRound.Progress)] = [:]
    for (client, outcome) in outcomes where outcome == .carried {
      next[client] = (round.phase.round, round.progress[client] ?? .working)
    }
    for (client, origin) in round.origins {
      guard let progress = round.progress[client] else { continue }
      switch progress {
      case .accepted(let submission): outcomes.append((client, .accepted(submission)))
      case .refused, .declined, .left: round.givenUp.insert(client)
      case .invited, .working, .offered, .receiving, .storing:
        let staleness = round.phase.round + 1 - origin
        if isLast || staleness > plan.rules.stragglers.maximalStaleness {
          round.givenUp.insert(client)
        } else {
          next[client] = (origin, progress)
        }
      }
    }
    outcomes.sort { $0.client < $1.client }
    for client in round.progress.keys.sorted() where round.progress[client]?.bytesInFlight ?? 0 > 0
    {
      // What is being stored goes the way of this round: whoever is carried over offers it again.
      if next[client]?.progress.isReceiving == true { continue }
      next[client]?.progress = .working
      actions.append(.release(client: client))
    }
    let result = RoundResult(
      round: round.phase.round, opened: round.opened, closed: now, outcomes: outcomes,
      duplicates: round.duplicates, givenUp: round.givenUp.sorted(), restrictions: restrictions)
    history.note(result)
    actions.append(.close(result))
    nextRound = round.phase.round + 1
    state = .preparing
    self.round = isLast ? nil : carryOver(next, from: round)
    nextAnnouncement = now + plan.limits.announceInterval
    // Also after the last round: clients must not leave before it is safe.
    actions.append(.prepare(round: nextRound))
  }

  /// A round that is over with the clients whose updates may count in the next.
  private func carryOver(
    _ clients: [Int: (origin: Int, progress: OpenRound.Progress)], from round: OpenRound
  ) -> OpenRound? {
    guard plan.rules.stragglers.maximalStaleness > 0 else { return nil }
    var carried = OpenRound(
      phase: round.phase, model: round.model, learningRate: round.learningRate, selected: [],
      opened: round.opened, deadline: round.deadline)
    carried.isClosed = true
    carried.wanted = nil
    // In the order of their offers.
    let order = clients.sorted { one, other in
      (one.value.progress.place, one.key) < (other.value.progress.place, other.key)
    }
    for (client, (origin, progress)) in order {
      carried.carry(client, of: origin, at: progress)
    }
    return carried
  }

  /// What became of a client that was asked.
  private func outcome(
    of client: Int, in round: OpenRound, isLast: Bool, _ now: Duration
  ) -> RoundResult.Outcome {
    switch round.progress[client] {
    case .accepted(let submission): return .accepted(submission)
    case .refused(let reason): return .refused(reason)
    case .declined(let reason): return .declined(reason)
    case .left, nil: return .lost
    case .invited, .working, .offered, .receiving, .storing:
      let isBusy = round.progress[client] != .invited && isAlive(client, now)
      let mayCount = !isLast && plan.rules.stragglers.maximalStaleness > 0
      if isBusy, mayCount { return .carried }
      if presence.contains(client), hasEnough(round) { return .surplus }
      return isBusy ? .late : .lost
    }
  }

  /// Whether a client is here and was heard lately.
  private func isAlive(_ client: Int, _ now: Duration) -> Bool {
    guard let member = members[client], mailboxes[client] != nil else { return false }
    return now - member.lastHeard < plan.limits.silence
  }
}

extension OpenRound.Progress {
  /// Its place in the queue of offers; beyond all of them if it doesn't wait there.
  fileprivate var place: Int {
    guard case .offered(_, _, let place) = self else { return .max }
    return place
  }

  /// Its update counts.
  fileprivate var isAccepted: Bool {
    guard case .accepted = self else { return false }
    return true
  }
}
