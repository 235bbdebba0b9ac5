import Federation
import Measures
import Wire

extension Simulator {
  /// What must hold of the broker after each event.
  func checkBroker() {
    guard let process = broker, finished == nil, violation == nil else { return }
    let local = now + brokerOffset
    guard let wake = mutation == .spins ? local : process.machine.wakeTime else {
      return violate(.awake, "the broker sleeps for ever")
    }
    if let deadline = process.deadline, process.machine.openRound != nil {
      if deadline <= local {
        violate(.punctual, "round \(process.machine.openRound ?? 0) is open after its deadline")
      }
      if wake > deadline { violate(.punctual, "the broker wakes after the round's deadline") }
    }
    if wake <= local, mutation != .hasNoTimer {
      violate(.idle, "the broker's tick is due again at once")
    }
  }

  /// What must hold of a client after each event.
  func check(_ client: Int, after event: ClientEvent, _ local: Duration) {
    guard let machine = clients[client].machine else { return }
    let wake = alarm(of: client)
    if case .tick = event, let wake, wake <= local {
      violate(.idle, "client \(client)'s tick is due again at once")
    }
    guard wake == nil else { return }
    switch machine.state {
    case .fetching, .training, .offering:
      violate(.awake, "client \(client) sleeps for ever in round \(machine.task?.round ?? 0)")
    case .idle:
      if machine.membership == nil { violate(.awake, "client \(client) no longer tries to join") }
    case .ended: break
    }
  }

  /// An acknowledgement leaves: what it says must be durable.
  func checkAcknowledgement(
    _ acknowledgement: Acknowledgement, of round: Int, to client: Int
  ) {
    switch acknowledgement {
    case .incomplete: return
    case .accepted, .duplicate: break
    }
    guard round == disk.round, disk.spool[client] != nil else {
      return violate(
        .durable, "client \(client)'s update of round \(round) is acknowledged, but not durable")
    }
    broker?.acknowledged.insert(client)
  }

  /// A round ends: what counts must be what is durable, and what was acknowledged.
  func checkResult(_ result: RoundResult) {
    guard let process = broker else { return }
    if result.round != disk.round || process.closing != nil {
      violate(.inOrder, "round \(result.round) ends, but \(disk.round) is to be committed")
    }
    var counted: Set<Int> = []
    for (client, offer) in result.accepted {
      if !counted.insert(client).inserted {
        violate(.exactlyOnce, "client \(client) counts twice in round \(result.round)")
      }
      if disk.spool[client] != offer {
        violate(.durable, "client \(client)'s update counts, but isn't the durable one")
      }
    }
    // Restored updates aren't acknowledged unless their clients ask.
    let known = process.acknowledged.union(process.restored)
    if counted != known {
      violate(
        .durable, "\(counted.sorted()) count in round \(result.round), known are \(known.sorted())")
    }
    if process.isCalm { checkCalm(result) }
  }

  /// A round without any fault: nobody is lost.
  private func checkCalm(_ result: RoundResult) {
    calmRounds += 1
    for (client, outcome) in result.outcomes {
      switch outcome {
      case .accepted: break
      case .late where scenario.rules.quorum != nil: break
      case .late, .lost, .refused, .declined:
        violate(
          .live, "client \(client) is \(outcome.summary) in round \(result.round), without a fault")
      }
    }
    if result.closed - result.opened >= scenario.rules.deadline {
      violate(.live, "round \(result.round) lasts to its deadline, without a fault")
    }
  }
}
