import Digests
import Measures
import Progressive
import Wire

extension BrokerMachine {
  /// Opens the round for which `model` was made, if enough clients are here.
  mutating func open(
    _ model: PreparedModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let needed = max(1, plan.rules.minimumClients)
    guard presence.count >= needed else { return }
    let phase = plan.schedule.phase(in: model.round)
    let eligible = presence.filter { members[$0]?.maximalStage ?? phase.stage >= phase.stage }
    guard eligible.count >= needed else { return }
    // As if those whose updates survived a restart were here: then the draw is the one of before.
    let drawn = Selection.uniform(
      plan.rules.clientsPerRound, of: eligible.union(stored.keys),
      using: RandomStream(seed: plan.seed).stream("selection", phase.round))
    let selected = Set(drawn).union(stored.keys).sorted()
    var round = OpenRound(
      phase: phase, segments: model.segments, updateLimit: model.updateLimit,
      learningRate: Float(plan.learningRate(in: phase)), selected: selected, opened: now,
      deadline: now + plan.rules.deadline)
    for (client, offer) in stored {
      round.accept(offer, of: client, quorum: plan.rules.quorum, now)
    }
    stored = [:]
    // Topics of older models are of no more use.
    let topics = Set(round.steps.keys.map { Topic.step($0) })
    listeners = listeners.filter { topics.contains($0.key) }
    state = .open(phase)
    self.round = round
    actions.append(
      .notice(.opened(round: phase.round, stage: phase.stage, selected: selected.count)))
    if !round.isListed { invite(round, now, &actions) }
    announce(now, &actions)
  }

  /// Tells each selected client how it comes by the model from what it is known to hold.
  private mutating func invite(
    _ round: OpenRound, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    var invitation = announcement(now)
    guard case .announce(var announce) = invitation.body else { return }
    for client in announce.selected {
      announce.selected = [client]
      announce.segments = round.segments(from: members[client]?.states ?? [])
      invitation.header.client = client
      invitation.body = .announce(announce)
      actions.append(.send(.client(client), invitation))
    }
  }

  /// When something is due in `round`, if nothing arrives.
  func wakeTime(of round: OpenRound) -> Duration {
    var due = round.deadline
    if let reached = round.quorumReached { due = min(due, reached + plan.rules.grace) }
    if round.wanted != nil { due = min(due, round.opened + plan.limits.gatherWindow) }
    return due
  }

  /// Broadcasts the model, or ends the round, when it is time.
  mutating func proceedInRound(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard let round else { return }
    if let broadcasts = broadcasts(of: round, now) {
      self.round?.wanted = nil
      if !broadcasts.isEmpty {
        actions.append(.broadcast(round: round.phase.round, broadcasts))
      }
    }
    let graceOver = round.quorumReached.map { $0 + plan.rules.grace <= now } ?? false
    guard round.isComplete || graceOver || round.deadline <= now else { return }
    close(round, now, &actions)
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
    return round.segments.flatMap(\.steps).compactMap { step in
      guard let clients = wanted[step.digest], sent.insert(step.digest).inserted else { return nil }
      return Broadcast(step: step, clients: clients.sorted())
    }
  }

  /// Ends the round: says so, and has its updates aggregated and the next model made.
  private mutating func close(
    _ round: OpenRound, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    actions.append(.send(.all, Message(header(), .closed(accepted: round.accepted))))
    for client in round.selected where round.progress[client]?.bytesInFlight ?? 0 > 0 {
      actions.append(.release(client: client))
    }
    actions.append(
      .close(
        RoundResult(
          round: round.phase.round, opened: round.opened, closed: now,
          outcomes: round.selected.map { ($0, outcome(of: $0, in: round, now)) },
          duplicates: round.duplicates)))
    nextRound = round.phase.round + 1
    state = .preparing
    self.round = nil
    nextAnnouncement = now + plan.limits.announceInterval
    // Also after the last round: clients must not leave before it is safe.
    actions.append(.prepare(round: nextRound))
  }

  /// What became of a selected client.
  private func outcome(
    of client: Int, in round: OpenRound, _ now: Duration
  ) -> RoundResult.Outcome {
    switch round.progress[client] {
    case .accepted(let offer): return .accepted(offer)
    case .refused(let reason): return .refused(reason)
    case .declined(let reason): return .declined(reason)
    case .invited, nil: return .lost
    case .working, .offered, .receiving, .storing:
      guard let member = members[client], mailboxes[client] != nil,
        now - member.lastHeard < plan.limits.silence
      else { return .lost }
      return .late
    }
  }
}
