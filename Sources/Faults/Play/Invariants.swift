import Federation
import Measures
import Progressive
import Wire

/// The promises of a broker.
extension FaultBroker {
  private var rules: RoundRules { world.scenario.rules }

  /// Checks what must hold of the broker after each event.
  func check() {
    guard let process, world.finished == nil, world.violation == nil else { return }
    let local = localTime
    guard let wake = world.mutation == .spins ? local : process.host.wakeTime else {
      return world.violate(.awake, "the broker sleeps for ever")
    }
    if let deadline = process.deadline, let round = process.host.machine.openRound {
      if deadline <= local {
        world.violate(.punctual, "round \(round) is open after its deadline")
      }
      if wake > deadline {
        world.violate(.punctual, "the broker wakes after the round's deadline")
      }
    }
    if let open = process.host.machine.openEvaluation { checkEvaluation(open, wake: wake) }
    world.check(process.host.machine, at: local, wake: wake)
    if wake <= local, ![.hasNoTimer, .waitsForScores, .waitsForSums].contains(world.mutation) {
      world.violate(.idle, "the broker's tick is due again at once")
    }
    let (bytes, updates) = process.inFlight
    let limit = world.scenario.limits.bytesInFlight
    if bytes > limit, updates > 1 {
      world.violate(.bounded, "\(bytes) bytes in flight; the limit is \(limit)")
    }
    if let (promise, detail) = self.process?.broken(in: world.scenario, at: world.now) {
      world.violate(promise, detail)
    }
  }

  /// An acknowledgement leaves: the update must be durable.
  func check(_ acknowledgement: Acknowledgement, of round: Int, to client: Int) {
    switch acknowledgement {
    case .incomplete: return
    case .accepted, .duplicate: break
    }
    guard world.disk.spool[client]?.round == round else {
      return world.violate(
        .durable, "client \(client)'s update of round \(round) is acknowledged, but not durable")
    }
    process?.acknowledged.insert(client)
  }

  /// A round begins: it must be the one after the last that was committed, and ask whom it can.
  func checkOpening(of round: Int, stage: Int, selected: Int) {
    if round != world.disk.round {
      world.violate(.inOrder, "round \(round) begins before \(world.disk.round)")
    }
    world.checkNormalization(before: round)
    if let machine = process?.host.machine {
      if machine.control.isPaused { world.violate(.inOrder, "round \(round) begins in a pause") }
      if !machine.control.evicted.isDisjoint(with: machine.present) {
        world.violate(.inOrder, "an excluded client is a member in round \(round)")
      }
    }
    checkMembers()
    // A round that late updates ended at once has asked whom it could.
    guard world.isCalm, let machine = process?.host.machine, machine.openRound == round else {
      return
    }
    let scenario = world.scenario
    let able = (0..<scenario.clients).count { scenario.depth(of: $0, at: stage) != nil }
    let expected = min(rules.clientsAsked, able)
    if selected + machine.carriedCount < expected {
      world.violate(
        .live, "\(selected) clients are selected, though \(expected) should be back")
    }
  }

  /// Without a fault, each client that takes itself for a member is one.
  private func checkMembers() {
    guard let process, world.isCalm else { return }
    let present = Set(process.host.machine.present)
    for client in 0..<world.scenario.clients where !present.contains(client) {
      guard clients.epoch(of: client) == process.epoch else { continue }
      world.violate(.live, "client \(client) was welcomed, but isn't a member any more")
    }
  }

  /// A round ends: the updates that count must be those that are durable, and those that were
  /// acknowledged.
  func check(_ result: RoundResult) {
    guard let process else { return }
    let disk = world.disk
    if result.round != disk.round || process.closing != nil {
      world.violate(
        .inOrder, "round \(result.round) ends, but \(disk.round) is to be committed")
    }
    var counted: Set<Int> = []
    for (client, submission) in result.accepted {
      let update = Disk.Update(client: client, round: submission.round)
      if disk.counted.contains(update) {
        world.violate(
          .exactlyOnce, "client \(client)'s update of round \(update.round) counts in two rounds")
      }
      let staleness = result.round - submission.round
      if !(0...rules.stragglers.maximalStaleness).contains(staleness) {
        world.violate(.fresh, "client \(client)'s update counts \(staleness) rounds later")
      }
      if !counted.insert(client).inserted {
        world.violate(
          .exactlyOnce, "client \(client) counts twice in round \(result.round)")
      }
      if disk.spool[client] != submission {
        world.violate(
          .durable, "client \(client)'s update counts, but isn't the durable one")
      }
    }
    // Restored updates aren't acknowledged unless their clients ask.
    let known = process.acknowledged.union(process.restored)
    if counted != known {
      world.violate(
        .durable,
        "\(counted.sorted()) count in round \(result.round), known are \(known.sorted())")
    }
    if let surplus = rules.surplus(of: result, restored: process.restored.count) {
      world.violate(.enough, surplus)
    }
    if process.isCalm { checkCalm(result) }
  }

  /// A round without any fault: nobody is lost.
  private func checkCalm(_ result: RoundResult) {
    calmRounds += 1
    for (client, outcome) in result.outcomes {
      switch outcome {
      case .accepted: break
      case .late where rules.quorum != nil: break
      case .carried where rules.endEarly, .surplus where rules.endEarly: break
      case .late, .carried, .surplus, .lost, .refused, .declined:
        world.violate(
          .live, "client \(client) is \(outcome.summary) in round \(result.round), without a fault")
      }
    }
    if result.closed - result.opened >= rules.deadline {
      world.violate(.live, "round \(result.round) lasts to its deadline, without a fault")
    }
  }
}

/// The promises of a client.
extension FaultClients {
  /// Checks what must hold of a client after each event.
  func check(_ client: Int, after event: ClientEvent, at local: Duration) {
    guard let machine = clients[client].host?.machine else { return }
    let wake = alarm(of: client)
    if case .tick = event, let wake, wake <= local {
      world.violate(.idle, "client \(client)'s tick is due again at once")
    }
    guard wake == nil else { return }
    switch machine.state {
    case .fetching, .training, .offering, .evaluating, .reporting:
      world.violate(
        .awake, "client \(client) sleeps for ever in round \(machine.task?.round ?? 0)")
    case .idle:
      if machine.membership == nil || machine.measuring.isUnderWay {
        world.violate(.awake, "client \(client) no longer tries to join")
      }
    case .ended: break
    }
  }
}

extension RoundRules {
  /// Over-selection ends a round with as many updates as it is to have; the words for one that has
  /// more.
  fileprivate func surplus(of result: RoundResult, restored: Int) -> String? {
    guard overSelection > 1 else { return nil }
    if case .buffered = stragglers { return nil }
    let own = result.accepted.count - result.stale
    guard own > max(clientsPerRound, restored) else { return nil }
    return "\(own) updates count in a round of \(clientsPerRound)"
  }

  /// True if rounds may end before all clients that were asked are done.
  fileprivate var endEarly: Bool {
    if case .buffered = stragglers { return true }
    return quorum != nil || overSelection > 1
  }
}
