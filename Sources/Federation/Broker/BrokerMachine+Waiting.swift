import Progressive
import Wire

/// Rounds that can't begin, as too few clients are here.
extension BrokerMachine {
  /// How many clients must be here that can take part for a round to begin.
  var needed: Int { max(1, plan.rules.minimumClients) }

  /// How many clients it takes to begin the next round; nil unless it waits for clients.
  package var awaited: Int? {
    switch state {
    case .gathering: nextRound > plan.schedule.totalRounds ? nil : needed
    case .waiting: needed
    case .preparing, .open, .farewell, .ended: nil
    }
  }

  /// The clients that work on updates which count in the next round, or have one that does.
  package var atWork: Set<Int> { Set(stored.keys).union(round?.origins.keys.map(\.self) ?? []) }

  /// Whether a client whose memory allows the stages up to `limit`, nil for all, could be asked in the round that is
  /// waited for.
  package func canTakePart(_ client: Int, limit: Int?) -> Bool {
    let limits = [limit, members[client]?.maximalStage, restrictions[client]?.limit]
    guard let limit = limits.compactMap({ $0 }).min() else { return true }
    guard case .waiting(let prepared) = state else { return limit > 0 }
    return limit >= prepared.phase.stage
      || RoundModel.depths(of: prepared.shallowHeads).contains { $0 <= limit }
  }

  /// The clients that are here and can train in the round that is waited for, or at all before its model is there.
  private var capable: PresentClients.Pool {
    guard case .waiting(let prepared) = state else {
      return presence.pool(without: []) { $0 != 0 }
    }
    let model = model(of: prepared.phase, prepared)
    return presence.pool(without: []) { model.stage(allowedBy: $0) != nil }
  }

  /// What the next round lacks; nil unless it waits for clients.
  func shortage(_ now: Duration) -> Shortage? {
    guard var needed = awaited else { return nil }
    if case .gathering(let since) = state, now < since + plan.rules.joinTimeout {
      needed = plan.clients
    }
    let (atWork, capable) = (atWork, capable)
    var shortage = Shortage(
      able: atWork.count, needed: needed, missing: [], patience: plan.rules.patience)
    for client in 0..<plan.clients where !atWork.contains(client) {
      if !presence.contains(client) {
        shortage.missing.append(client)
      } else if capable.contains(client) {
        shortage.able += 1
      } else {
        shortage.unable.append(client)
      }
    }
    return shortage
  }

  /// Whether there is no sense in waiting on: it was for too long, or too few of the fleet can train the stage.
  func isHopeless(_ now: Duration) -> Bool {
    let isOverdue = waitingSince + plan.rules.patience <= now
    switch state {
    case .gathering: return awaited.map { isOverdue && presence.count < $0 } ?? false
    case .waiting(let prepared):
      let model = model(of: prepared.phase, prepared)
      let able = eligible(for: model, without: atWork).count + atWork.count
      let possible = plan.clients - (presence.count - capable.count)
      return isOverdue || (able < needed && possible < needed)
    case .preparing, .open, .farewell, .ended: return false
    }
  }

  /// Ends the run, which may go on another time, as more than the clients that are here are needed, or more than
  /// the `able` that there can be.
  mutating func giveUp(able: Int? = nil, _ now: Duration, _ actions: inout [BrokerAction]) {
    guard var shortage = shortage(now) else { return }
    let isOverdue = able == nil && waitingSince + plan.rules.patience <= now
    shortage.needed = needed
    if !isOverdue { shortage.able = able ?? plan.clients - shortage.unable.count }
    actions.append(.notice(.gaveUp(shortage, isOverdue: isOverdue)))
    bid(farewell: false, now, &actions)
  }
}
