import Measures
import Progressive
import Wire

extension OpenRound {
  /// Chooses how deep some of the clients train that are asked, where the plan says so.
  ///
  /// In warm-up only what is new is trained, by all. Who is asked later has as much time as the
  /// others had, and counts with them for the least share of the whole stage.
  package mutating func chooseDepths(
    of clients: [Int], _ plan: BrokerPlan, _ members: Members, _ history: ParticipationHistory
  ) {
    guard var depthPlan = plan.depths, !phase.warmUp, !clients.isEmpty else { return }
    let candidates = clients.map { client in
      DepthCandidate(
        client: client,
        limit: model.stage(allowedBy: members.limit(of: client, and: nil)) ?? 1,
        samples: Self.samples(of: client, plan, members))
    }
    depthPlan.target = depthTarget ?? depthPlan.target
    let others = Set(selected).subtracting(clients)
    let choice = depthPlan.choice(
      for: candidates, stages: model.depths + [model.stage],
      ending: plan.rules.ending, record: history.depths,
      beside: DepthsAsked(clients: others.count, whole: others.count { trainsWhole($0) }))
    depthTarget = choice.target
    for (client, depth) in zip(clients, choice.depths) where depth < model.stage {
      depths[client] = depth
    }
  }

  /// True if a client that was asked trains the whole stage, or has done so.
  private func trainsWhole(_ client: Int) -> Bool {
    if case .accepted(let submission) = work.progress[client] {
      return submission.stage == model.stage
    }
    return depths[client] == nil
  }

  /// True if enough updates of the whole stage are among those that were accepted, or if depths
  /// aren't chosen.
  ///
  /// Clients that won't send one any more aren't waited for, nor those that aren't there, where the
  /// members are given.
  func hasWholeQuorum(
    _ plan: BrokerPlan, _ work: ClientsAtWork, _ members: Members?
  ) -> Bool {
    guard let least = plan.depths?.least, let quorum = plan.rules.quorum, !depths.isEmpty else {
      return true
    }
    var (whole, accepted) = (0, 0)
    for client in selected {
      switch work.progress[client] {
      case .accepted(let submission):
        guard submission.stage == model.stage else { continue }
        whole += 1
        accepted += 1
      case .invited, .working, .offered, .receiving, .storing:
        let isThere = members?.presence.contains(client) ?? true
        if depths[client] == nil, isThere { whole += 1 }
      case .refused, .declined, .left, nil: break
      }
    }
    return accepted
      >= RoundEnding.wholeQuorum(quorum, of: selected.count, whole: whole, least: least)
  }

  /// The times that clients of this round took, where depths are chosen by them.
  func efforts(
    _ outcomes: [(client: Int, outcome: RoundResult.Outcome)], of plan: BrokerPlan,
    _ members: Members, at now: Duration
  ) -> [ClientEffort] {
    // A part of the model doesn't tell how long all of it takes.
    guard plan.depths != nil, !phase.warmUp, phase.fewerBlocks == nil else { return [] }
    return outcomes.compactMap { client, outcome in
      var effort = ClientEffort(
        client: client, stage: depths[client] ?? members.stage(of: client, in: model),
        isWhole: false, samples: Self.samples(of: client, plan, members), time: nil,
        isOver: false)
      switch outcome {
      case .accepted(let submission):
        guard submission.round == phase.round else { return nil }
        effort.stage = submission.stage
        effort.samples = submission.offer.samples
        effort.time = times[client]
      case .late, .carried, .surplus:
        effort.isOver = true
        effort.isAwaited = true
        effort.time = now - opened
      case .lost: effort.isAwaited = true
      case .refused, .declined: break
      }
      effort.isWhole = effort.stage == model.stage
      return effort
    }
  }

  private static func samples(
    of client: Int, _ plan: BrokerPlan, _ members: Members
  ) -> Int? {
    members[client]?.samples
      ?? (plan.dealtSamples.indices.contains(client) ? plan.dealtSamples[client] : nil)
  }
}

extension BrokerState {
  /// Asks clients in place of those that are done, if any are lacking; returns them.
  ///
  /// Where one that trained the whole stage is gone, the others may be enough for the quorum.
  mutating func fillRound(
    _ plan: BrokerPlan, _ members: Members, _ history: ParticipationHistory, at now: Duration
  ) -> [Int] {
    guard case .open(let round) = self else { return [] }
    if round.lacksWhole(plan.rules) {
      changeRound { $0.noteQuorum(plan, round.work, members, at: now) }
    }
    guard let drawn = round.drawReplacements(of: plan, members, history) else { return [] }
    changeRound { $0.fill(with: drawn, plan, members, history) }
    return drawn
  }
}

extension Members {
  /// The stage of a model that a client trains, as far as its memory allows.
  fileprivate func stage(of client: Int, in model: RoundModel) -> Int {
    model.stage(allowedBy: limit(of: client, and: nil)) ?? model.stage
  }
}
