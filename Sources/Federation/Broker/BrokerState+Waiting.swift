import Measures
import Progressive

/// Rounds that can't begin, as too few clients are here.
extension BrokerState {
  /// The number of clients that it takes to begin the next round; nil unless it waits for clients.
  package func awaited(_ plan: BrokerPlan) -> Int? {
    switch self {
    case .gathering(let gathering): gathering.isThrough ? nil : plan.clientsNeeded
    case .waiting: plan.clientsNeeded
    case .preparing, .open, .farewell, .ended: nil
    }
  }

  /// The time since which clients are waited for; nil unless they are.
  package var waitingSince: Duration? {
    switch self {
    case .gathering(let gathering): gathering.since
    case .waiting(let pending): pending.since
    case .preparing, .open, .farewell, .ended: nil
    }
  }

  /// The clients that work on updates which count in the next round, or have one that does.
  package var atWork: Set<Int> {
    Set(restored.keys).union(work?.origins.keys.map(\.self) ?? [])
  }

  /// True if clients that can train the stages up to `limit` could be asked in the round that is
  /// waited for.
  package func asks(_ limit: Int) -> Bool {
    guard case .waiting(let pending) = self else { return limit > 0 }
    return limit >= pending.prepared.phase.stage
      || pending.prepared.parts.stages.contains { $0 <= limit }
  }

  /// The clients that are here and can train in the round that is waited for, or at all before its
  /// model is there.
  private func capable(_ members: Members) -> PresentClients.Pool {
    guard case .waiting(let pending) = self else {
      return members.presence.pool(without: []) { $0 != 0 }
    }
    return members.eligible(for: RoundModel(pending.prepared, for: members))
  }

  /// The clients that the next round lacks; nil unless it waits for clients.
  package func shortage(_ plan: BrokerPlan, _ members: Members, at now: Duration) -> Shortage? {
    guard var needed = awaited(plan) else { return nil }
    if case .gathering(let gathering) = self, now < gathering.end(plan) {
      needed = plan.clients
    }
    return Shortage(
      of: members, capable: capable(members), atWork: atWork, needed: needed, plan: plan)
  }

  /// True if there is no sense in waiting on: it was for too long, or too few of the fleet can
  /// train the stage.
  package func isHopeless(_ plan: BrokerPlan, _ members: Members, at now: Duration) -> Bool {
    let (present, needed) = (members.presence.count, plan.clientsNeeded)
    switch self {
    case .gathering(let gathering):
      return !gathering.isThrough && gathering.since + plan.rules.patience <= now
        && present < needed
    case .waiting(let pending):
      if pending.since + plan.rules.patience <= now { return true }
      // Who lacks samples now may find some in its folder tomorrow.
      if plan.samplesMayChange { return false }
      let model = RoundModel(pending.prepared, for: members)
      let atWork = pending.backlog.clients
      let able = members.eligible(for: model, without: atWork).count + atWork.count
      let possible = plan.clients - (present - members.eligible(for: model).count)
      return able < needed && possible < needed
    case .preparing, .open, .farewell, .ended: return false
    }
  }

  /// The shortage for which the run is given up, and true if it was waited for too long; else no
  /// more than `able` clients can ever take part, as is known of the fleet or of the clients that
  /// are here.
  package func surrender(
    _ plan: BrokerPlan, _ members: Members, able: Int?, at now: Duration
  ) -> (shortage: Shortage, isOverdue: Bool)? {
    guard let waitingSince, var shortage = shortage(plan, members, at: now) else { return nil }
    let isOverdue = able == nil && waitingSince + plan.rules.patience <= now
    shortage.needed = plan.clientsNeeded
    if !isOverdue { shortage.able = able ?? plan.clients - shortage.unable.count }
    return (shortage, isOverdue)
  }
}
