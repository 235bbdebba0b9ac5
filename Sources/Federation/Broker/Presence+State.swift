import Measures
import Progressive
import Wire

extension Presence {
  /// The presence at `now` of the clients of a broker in this state.
  init(
    _ state: BrokerState, _ plan: BrokerPlan, _ members: Members, _ control: BrokerControl,
    measuring: SampleMeasuring? = nil, nextRound: Int, at now: Duration
  ) {
    let shortage = state.shortage(plan, members, at: now)
    self.init(
      elapsed: Lapse(now), state: State(state.kind), paused: control.isPaused,
      draining: control.isDraining, round: nextRound, stage: state.phase?.stage,
      rounds: plan.schedule.totalRounds, selected: 0, accepted: 0,
      waitingFor: state.waitingSince.map { Lapse(now - $0) }, clients: plan.clients,
      present: members.presence.count, able: shortage?.able, needed: shortage?.needed,
      lacking: shortage?.names ?? "", evicted: control.evicted.sorted(), workers: [])
    if case .open(let open) = state {
      openFor = Lapse(now - open.opened)
      left = Lapse(max(.zero, open.deadline - now))
      (selected, accepted) = (open.selected.count, open.accepted)
    }
    if let measuring {
      self.measuring = true
      openFor = Lapse(now - measuring.opened)
      left = Lapse(max(.zero, measuring.deadline - now))
      (selected, accepted) = (measuring.progress.count, measuring.reported)
    }
    var workers: [UInt64: Worker] = [:]
    for (client, member) in members.all.sorted(by: { $0.client < $1.client }) {
      let here = members.presence.contains(client)
      let since = Lapse(now - member.since)
      let heard = Lapse(max(.zero, now - member.lastHeard))
      let gone = here ? nil : Lapse(now - (member.goneSince ?? member.lastHeard))
      let place = member.place
      let number = String(member.worker, radix: 16)
      var worker =
        workers[member.worker]
        ?? Worker(
          number: number, name: place?.name ?? String(number.prefix(6)), address: place?.address,
          process: place?.process, since: since, heard: heard, gone: gone, clients: [])
      if since.duration > worker.since.duration { worker.since = since }
      if heard.duration < worker.heard.duration { worker.heard = heard }
      if here { worker.gone = nil }
      worker.clients.append(
        Client(
          client: client,
          does: measuring.flatMap { Self.occupation(of: client, in: $0, members) }
            ?? Self.occupation(of: client, member, state, plan, members, now),
          late: state.lateness(of: client, at: now).map { Lapse($0) }, samples: member.samples,
          heldOut: member.heldOut))
      workers[member.worker] = worker
    }
    for (number, worker) in workers
    where worker.gone == nil && worker.heard.duration >= plan.limits.silence {
      for index in worker.clients.indices where worker.clients[index].does == .idle {
        guard members[worker.clients[index].client]?.place != nil else { continue }
        workers[number]?.clients[index].does = .silent
      }
    }
    self.workers = workers.values.sorted { one, other in
      let first = (one.gone == nil ? 0 : 1, one.clients[0].client)
      return first < (other.gone == nil ? 0 : 1, other.clients[0].client)
    }
  }

  /// The occupation of a client that was asked for sums over its samples; nil for others, and where
  /// it isn't here.
  private static func occupation(
    of client: Int, in measuring: SampleMeasuring, _ members: Members
  ) -> Occupation? {
    guard members.presence.contains(client) else { return nil }
    return switch measuring.progress[client] {
    case .asked: .asked
    case .reported: .done
    case .refused: .refused
    case .declined: .declined
    case .left, nil: nil
    }
  }

  /// The occupation of a client, by its messages and by what was sent to it.
  private static func occupation(
    of client: Int, _ member: Member, _ state: BrokerState, _ plan: BrokerPlan, _ members: Members,
    _ now: Duration
  ) -> Occupation {
    guard members.presence.contains(client) else { return .gone }
    guard let progress = state.work?.progress[client] else {
      // Between rounds clients evaluate, and say so now and then.
      guard case .preparing = state, let said = member.said, said.activity == .evaluating,
        now - said.at < plan.limits.silence
      else { return .idle }
      return .evaluating
    }
    if !progress.isSettled, state.silence(of: member, at: now) >= plan.limits.silence {
      return .silent
    }
    switch progress {
    case .invited: return .asked
    case .working: return working(client, member, state, plan, now)
    case .offered: return .queued
    case .receiving, .storing: return .uploading
    case .accepted: return .done
    case .refused: return .refused
    case .declined: return .declined
    case .left: return .idle
    }
  }

  /// The occupation of a client that has the round's announcement and no update yet.
  ///
  /// It says what it does only every few seconds. One that fetches asks again for what doesn't
  /// come: where it is quiet for longer than that, it trains.
  private static func working(
    _ client: Int, _ member: Member, _ state: BrokerState, _ plan: BrokerPlan, _ now: Duration
  ) -> Occupation {
    guard let said = member.said else { return .fetching }
    if case .open(let round) = state, round.work.origins[client] == nil {
      if said.at < round.opened || round.delivery.isGathering { return .fetching }
    }
    switch said.activity {
    case .training: return .training
    case .evaluating: return .evaluating
    case .sending: return .uploading
    case .idle, .fetching:
      return now - said.at > plan.limits.fetchTimeout * 2 ? .training : .fetching
    }
  }
}

extension Presence.State {
  /// The state that people are told of.
  fileprivate init(_ kind: BrokerState.Kind) {
    self =
      switch kind {
      case .gathering, .waiting: .waiting
      case .preparing: .preparing
      case .open: .open
      case .farewell, .ended: .ending
      }
  }
}

extension BrokerState {
  /// The time for which the open round has waited for a client that works on an update while there
  /// were enough others; nil for a client that isn't late.
  ///
  /// Enough are the quorum, or half of those asked where all are waited for. An update of an
  /// earlier round has been late since this one opened, at least.
  package func lateness(of client: Int, at now: Duration) -> Duration? {
    guard case .open(let round) = self, let progress = round.work.progress[client],
      !progress.isSettled
    else { return nil }
    if round.work.origins[client] != nil { return now - round.opened }
    return round.enoughSince.map { now - $0 }
  }
}
