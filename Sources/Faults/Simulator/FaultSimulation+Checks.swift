import Federation
import Measures
import Progressive
import Wire

extension FaultSimulation {
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
    guard disk.spool[client]?.round == round else {
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
    for (client, submission) in result.accepted {
      let update = Disk.Update(client: client, round: submission.round)
      if disk.counted.contains(update) {
        violate(
          .exactlyOnce, "client \(client)'s update of round \(update.round) counts in two rounds")
      }
      let staleness = result.round - submission.round
      if !(0...scenario.rules.stragglers.maximalStaleness).contains(staleness) {
        violate(.fresh, "client \(client)'s update counts \(staleness) rounds later")
      }
      if !counted.insert(client).inserted {
        violate(.exactlyOnce, "client \(client) counts twice in round \(result.round)")
      }
      if disk.spool[client] != submission {
        violate(.durable, "client \(client)'s update counts, but isn't the durable one")
      }
    }
    // Restored updates aren't acknowledged unless their clients ask.
    let known = process.acknowledged.union(process.restored)
    if counted != known {
      violate(
        .durable, "\(counted.sorted()) count in round \(result.round), known are \(known.sorted())")
    }
    checkNumber(of: result, restored: process.restored.count)
    if process.isCalm { checkCalm(result) }
  }

  /// Over-selection ends a round with as many updates as it is to have.
  private func checkNumber(of result: RoundResult, restored: Int) {
    let rules = scenario.rules
    guard rules.overSelection > 1, case .buffered = rules.stragglers else {
      let own = result.accepted.count - result.stale
      if rules.overSelection > 1, own > max(rules.clientsPerRound, restored) {
        violate(.enough, "\(own) updates count in a round of \(rules.clientsPerRound)")
      }
      return
    }
  }

  /// An update must have been trained from the sub-model as which it is decoded.
  func checkBase(of submission: Submission) {
    let stages = 1...scenario.schedule.phase(in: submission.round).stage
    guard stages.contains(submission.stage),
      digests.base(round: submission.round, stage: submission.stage) == submission.offer.base
    else {
      return violate(
        .covered,
        "an update of round \(submission.round) isn't what stage \(submission.stage) trains")
    }
  }

  /// Whether rounds may end before all clients that were asked are done.
  private var endsEarly: Bool {
    let rules = scenario.rules
    if case .buffered = rules.stragglers { return true }
    return rules.quorum != nil || rules.overSelection > 1
  }

  /// Without a fault, whoever takes itself for a member is one.
  func checkMembers() {
    guard let broker, isCalm else { return }
    let present = Set(broker.machine.present)
    for client in clients.indices where !present.contains(client) {
      guard clients[client].machine?.membership?.epoch == broker.epoch else { continue }
      violate(.live, "client \(client) was welcomed, but isn't a member any more")
    }
  }

  /// A round without any fault: nobody is lost.
  private func checkCalm(_ result: RoundResult) {
    calmRounds += 1
    for (client, outcome) in result.outcomes {
      switch outcome {
      case .accepted: break
      case .late where scenario.rules.quorum != nil: break
      case .carried where endsEarly, .surplus where endsEarly: break
      case .late, .carried, .surplus, .lost, .refused, .declined:
        violate(
          .live, "client \(client) is \(outcome.summary) in round \(result.round), without a fault")
      }
    }
    if result.closed - result.opened >= scenario.rules.deadline {
      violate(.live, "round \(result.round) lasts to its deadline, without a fault")
    }
  }
}
