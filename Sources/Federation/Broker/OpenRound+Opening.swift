import Measures
import Progressive
import Wire

/// The work that there is for the next round before it opens.
package enum Backlog: Hashable, Sendable {
  /// The updates for it that were stored durably before a restart, by client.
  case restored([Int: Submission])
  /// The clients that work on updates of earlier rounds, which count in it.
  case carried(ClientsAtWork)

  /// The clients that have an update for the next round, or work on one.
  package var clients: Set<Int> {
    switch self {
    case .restored(let updates): Set(updates.keys)
    case .carried(let work): Set(work.origins.keys)
    }
  }

  /// The updates that were stored durably before a restart.
  package var restored: [Int: Submission] {
    guard case .restored(let updates) = self else { return [:] }
    return updates
  }

  /// The clients that work on updates of earlier rounds; nil before the first round.
  package var carried: ClientsAtWork? {
    guard case .carried(let work) = self else { return nil }
    return work
  }
}

/// A round whose model is ready and which lacks clients to begin.
package struct PendingRound: Hashable, Sendable {
  /// Its model.
  package let prepared: PreparedModel
  /// The time since which it waits for clients.
  package let since: Duration
  /// The work that there is for it already.
  package var backlog: Backlog
}

extension OpenRound {
  /// The round that was pending; nil while too few clients are here that can take part.
  package init?(
    _ pending: PendingRound, of plan: BrokerPlan, _ members: Members,
    _ history: ParticipationHistory, at now: Duration
  ) {
    guard members.presence.count >= plan.clientsNeeded else { return nil }
    let phase = pending.prepared.phase
    let model = RoundModel(
      pending.prepared, for: members, ofAllDepths: plan.depths != nil && !phase.warmUp)
    let restored = pending.backlog.restored
    let own = restored.filter { $0.value.round >= phase.round }
    let late = restored.filter { $0.value.round < phase.round }
    let carried = pending.backlog.carried
    let eligible = members.eligible(
      for: model, without: Set(late.keys).union(carried?.origins.keys.map(\.self) ?? []))
    // Clients whose updates for this round are here, or under way, take part in it as well.
    let others = pending.backlog.clients.filter { !eligible.contains($0) }
    guard eligible.count + others.count >= plan.clientsNeeded else { return nil }
    // Where all are at work on late updates, the first of these opens the round.
    let isBegun = !restored.isEmpty || carried?.acceptedLate ?? 0 > 0
    guard !eligible.isEmpty || isBegun else { return nil }
    // A buffer that filled up between the rounds needs nobody else.
    let isFull = carried?.isEnough(plan.rules) ?? false
    let working = carried.map { plan.placesTaken(by: $0) } ?? 0
    let drawn = Self.draw(
      isFull ? 0 : max(0, plan.rules.clientsAsked - working), of: eligible,
      // As if those whose updates survived a restart were here: then the draw is the one of before.
      and: own.keys.filter { !eligible.contains($0) },
      of: plan, history, in: phase)
    self.init(
      phase: phase, model: model, learningRate: Float(plan.learningRate(in: phase)),
      selected: Set(drawn).union(own.keys).sorted(), opened: now,
      deadline: now + plan.rules.deadline)
    chooseDepths(of: drawn, plan, members, history)
    if let carried { work.carry(from: carried) }
    for (client, submission) in late {
      work.carry(client, of: submission.round, at: .accepted(submission))
    }
    for (client, submission) in own {
      // The model that it was trained from says which of the sub-models it was.
      let stage = model.stages[submission.offer.base] ?? submission.stage
      work.accept(
        Submission(submission.offer, round: submission.round, stage: stage), of: client)
      noteQuorum(plan, work, at: now)
    }
  }

  /// Draws the clients of a round, of the eligible ones and `others`.
  private static func draw(
    _ count: Int, of eligible: PresentClients.Pool, and others: [Int], of plan: BrokerPlan,
    _ history: ParticipationHistory, in phase: Phase
  ) -> [Int] {
    let stream = RandomStream(seed: plan.seed).stream("selection", phase.round)
    guard !others.isEmpty else {
      return Selection.draw(
        count, ofOrdered: eligible, sampling: plan.rules.sampling, history: history, using: stream)
    }
    return Selection.draw(
      count, of: Array(eligible) + others, sampling: plan.rules.sampling, history: history,
      using: stream)
  }

  /// Draws the clients to be asked now in place of those that are done, where updates are buffered;
  /// nil if none are lacking.
  package func drawReplacements(
    of plan: BrokerPlan, _ members: Members, _ history: ParticipationHistory
  ) -> [Int]? {
    guard plan.rules.stragglers.bufferSize != nil, work.lacksClients else { return nil }
    let free = plan.rules.clientsAsked - work.unsettled - work.unsettledLate
    guard free > 0 else { return [] }
    let stream = RandomStream(seed: plan.seed).stream(
      "replacement", phase.round, selected.count)
    return Selection.draw(
      free, ofOrdered: replacements(members), sampling: plan.rules.sampling, history: history,
      using: stream)
  }
}

extension BrokerPlan {
  /// The number of present clients that can take part and that it takes to begin a round.
  package var clientsNeeded: Int { max(1, rules.minimumClients) }

  /// The number of clients at work on earlier rounds' updates, where that counts as a place taken.
  fileprivate func placesTaken(by work: ClientsAtWork) -> Int {
    rules.stragglers.bufferSize == nil ? 0 : work.unsettledLate
  }
}
