import Measures
import Wire

/// Clients that no longer do what they were asked for.
extension BrokerMachine {
  /// Takes back the leave of a client that is gone: when it is back it offers again.
  mutating func withdrawGrant(of client: Int, _ actions: inout [BrokerAction]) {
    guard round?.progress[client]?.isReceiving == true else { return }
    round?.advance(client, to: .working)
    actions.append(.release(client: client))
    actions.append(.count("grant withdrawn"))
    grantWaiting(&actions)
  }

  /// Takes back the leaves of clients that were silent for too long, and gives up their late updates.
  mutating func withdrawFromSilent(_ now: Duration, _ actions: inout [BrokerAction]) {
    guard let round, !round.receivers.isEmpty || !round.origins.isEmpty else { return }
    for client in round.receivers.sorted() where isSilent(client, now) {
      withdrawGrant(of: client, &actions)
    }
    for client in round.origins.keys.sorted() where isSilent(client, now) {
      giveUp(client, &actions)
    }
  }

  private func isSilent(_ client: Int, _ now: Duration) -> Bool {
    guard let member = members[client] else { return true }
    return now - member.lastHeard >= plan.limits.silence
  }

  /// No longer waits for a client's late update.
  mutating func giveUp(_ client: Int, _ actions: inout [BrokerAction]) {
    guard let round, round.origins[client] != nil, let progress = round.progress[client] else {
      return
    }
    switch progress {
    // It counts, or may yet.
    case .accepted, .storing: return
    case .receiving: actions.append(.release(client: client))
    case .invited, .working, .offered, .refused, .declined, .left: break
    }
    self.round?.giveUp(client)
    actions.append(.count("late update given up"))
    grantWaiting(&actions)
  }

  /// A client left: nothing more of it is waited for, unless it comes back.
  mutating func withdraw(_ client: Int, _ actions: inout [BrokerAction]) {
    guard let progress = round?.progress[client] else { return }
    switch progress {
    // What was sent whole may yet count.
    case .storing, .accepted, .refused, .declined, .left: return
    case .receiving: actions.append(.release(client: client))
    case .invited, .working, .offered: break
    }
    round?.advance(client, to: .left)
    giveUp(client, &actions)
    grantWaiting(&actions)
  }

  private mutating func grantWaiting(_ actions: inout [BrokerAction]) {
    guard var round else { return }
    self.round = nil  // so that it changes in place, not in a copy
    grant(&round, &actions)
    self.round = round
  }
}
