import Measures
import Progressive
import Wire

/// The end of a round: its result, and the work that goes on.
package struct RoundEnd: Hashable, Sendable {
  /// The outcomes of all clients.
  package let result: RoundResult
  /// The clients whose bytes are released, in rising order.
  package let released: [Int]
  /// The clients that work on, as their updates may count in the next round.
  package let carried: ClientsAtWork
}

extension OpenRound {
  /// The number of updates that count.
  package var accepted: Int { work.accepted + work.acceptedLate }

  /// The end of this round at `now`.
  package func closed(of plan: BrokerPlan, _ members: Members, at now: Duration) -> RoundEnd {
    let round = phase.round
    let isLast = round >= plan.schedule.totalRounds
    var outcomes = selected.map { client in
      (client: client, outcome: outcome(of: client, in: plan, members, isLast: isLast, now))
    }
    var next: [Int: (origin: Int, progress: ClientProgress)] = [:]
    for (client, outcome) in outcomes where outcome == .carried {
      next[client] = (round, work.progress[client] ?? .working)
    }
    var givenUp = work.givenUp
    for (client, origin) in work.origins {
      guard let progress = work.progress[client] else { continue }
      switch progress {
      case .accepted(let submission): outcomes.append((client, .accepted(submission)))
      case .refused, .declined, .left: givenUp.insert(client)
      case .invited, .working, .offered, .receiving, .storing:
        let staleness = round + 1 - origin
        if isLast || staleness > plan.rules.stragglers.maximalStaleness {
          givenUp.insert(client)
        } else {
          next[client] = (origin, progress)
        }
      }
    }
    outcomes.sort { $0.client < $1.client }
    var released: [Int] = []
    for (client, progress) in work.progress where progress.bytesInFlight > 0 {
      // An update that is being stored goes the way of this round: a client that is carried over
      // offers it again.
      if next[client]?.progress.isReceiving == true { continue }
      next[client]?.progress = .working
      released.append(client)
    }
    // In the order of their offers.
    let order = next.sorted { one, other in
      (one.value.progress.place, one.key) < (other.value.progress.place, other.key)
    }
    var carried = ClientsAtWork(round: round + 1)
    for (client, (origin, progress)) in order {
      carried.carry(client, of: origin, at: progress, lease: work.room.leases[client])
    }
    var result = RoundResult(
      round: round, opened: opened, closed: now, outcomes: outcomes,
      duplicates: work.duplicates, givenUp: givenUp.sorted(), restrictions: members.restrictions)
    result.efforts = efforts(outcomes, of: plan, members, at: now)
    return RoundEnd(result: result, released: released.sorted(), carried: carried)
  }

  /// The outcome of a client that was asked.
  private func outcome(
    of client: Int, in plan: BrokerPlan, _ members: Members, isLast: Bool, _ now: Duration
  ) -> RoundResult.Outcome {
    switch work.progress[client] {
    case .accepted(let submission): return .accepted(submission)
    case .refused(let reason): return .refused(reason)
    case .declined(let reason): return .declined(reason)
    case .left, nil: return .lost
    case .invited, .working, .offered, .receiving, .storing:
      let isBusy =
        work.progress[client] != .invited
        && members.isAlive(client, within: plan.limits.silence, at: now)
      let mayCount = !isLast && plan.rules.stragglers.maximalStaleness > 0
      if isBusy, mayCount { return .carried }
      if members.presence.contains(client), work.isEnough(plan.rules) { return .surplus }
      return isBusy ? .late : .lost
    }
  }
}
