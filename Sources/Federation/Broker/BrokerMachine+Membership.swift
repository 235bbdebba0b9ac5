import Measures
import Progressive
import Wire

extension BrokerMachine {
  /// Somebody listens to a topic: a mailbox makes its client present.
  mutating func subscribed(_ topic: Topic, _ now: Duration, _ actions: inout [BrokerAction]) {
    switch topic {
    case .all: return
    case .step: listeners[topic, default: 0] += 1
    case .client(let client):
      guard (0..<plan.clients).contains(client) else { return }
      mailboxes[client, default: 0] += 1
      notePresence(of: client)
      if let knock = knocking.removeValue(forKey: client) {
        admit(client, knock.join, from: knock.place, now, &actions)
      } else if contested.contains(client) {
        tellWhoPlays(client, &actions)
      }
    }
  }

  /// Somebody is gone, or no longer listens.
  mutating func unsubscribed(
    _ topic: Topic, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    switch topic {
    case .all: return
    case .step:
      let left = (listeners[topic] ?? 0) - 1
      listeners[topic] = left > 0 ? left : nil
    case .client(let client):
      let left = (mailboxes[client] ?? 0) - 1
      mailboxes[client] = left > 0 ? left : nil
      notePresence(of: client)
      guard left <= 0 else {
        // One of several workers is gone, perhaps the one that plays the client.
        if contested.contains(client) { askWhetherAlive(client, now, &actions) }
        return
      }
      members[client]?.isGone = true
      // Nothing more of its update will come from there: others may use the room.
      withdrawGrant(of: client, &actions)
    }
  }

  /// Takes in what a client said.
  mutating func receive(
    _ message: Message<Uplink>, from place: String?, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    guard let client = message.header.client else { return }
    if case .join(let join) = message.body {
      return admitOrRefuse(client, join, from: place, now, &actions)
    }
    guard message.header.run == plan.run, message.header.epoch == plan.epoch else {
      return actions.append(.count("message of another run"))
    }
    guard members[client] != nil else {
      actions.append(.count("message of a stranger"))
      // It takes itself for a member, and would wait for ever to be asked.
      if mailboxes[client] != nil { askToJoin(client, &actions) }
      return
    }
    members[client]?.lastHeard = now
    switch message.body {
    case .join, .heartbeat: return
    case .leave(let worker):
      leave(client, worker, &actions)
    case .want, .offer, .updateChunk, .decline:
      receiveInRound(client, message, now, &actions)
    }
  }

  /// A client's worker goes; one that took the client over meanwhile stays.
  private mutating func leave(
    _ client: Int, _ worker: UInt64, _ actions: inout [BrokerAction]
  ) {
    if let member = members[client], member.worker != worker {
      return actions.append(.count("leave of an earlier worker"))
    }
    setMember(client, nil)
    restrictions[client] = nil
    withdraw(client, &actions)
  }

  /// Notes that a client can't train beyond the stage `limit`, 0 for none, so that it isn't asked in vain again.
  mutating func restrict(_ client: Int, to limit: Int) {
    guard var member = members[client] else { return }
    member.maximalStage = min(limit, member.maximalStage ?? limit)
    restrictions[client] = Restriction(worker: member.worker, limit: limit)
    setMember(client, member)
  }

  /// Forgets that a client can't train something: it has an update.
  mutating func unrestrict(_ client: Int) {
    guard restrictions.removeValue(forKey: client) != nil, var member = members[client] else {
      return
    }
    member.maximalStage = member.declaredStage
    setMember(client, member)
  }

  /// A client has joined, or no longer takes part.
  private mutating func setMember(_ client: Int, _ member: Member?) {
    if let old = members[client]?.maximalStage {
      let left = limitedMembers[old, default: 0] - 1
      limitedMembers[old] = left > 0 ? left : nil
    }
    if let new = member?.maximalStage { limitedMembers[new, default: 0] += 1 }
    members[client] = member
    notePresence(of: client)
  }

  /// A client is present when it has joined and its mailbox is listened to.
  private mutating func notePresence(of client: Int) {
    if let member = members[client], mailboxes[client] != nil {
      presence.insert(client, limit: member.maximalStage)
    } else {
      presence.remove(client)
    }
  }

  private mutating func admitOrRefuse(
    _ client: Int, _ join: Join, from place: String?, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    guard (0..<plan.clients).contains(client) else {
      return refuse(
        client, .wrongClient, "the topology has clients 0 to \(plan.clients - 1)",
        worker: join.worker, &actions)
    }
    guard join.plan == plan.digest else {
      return refuse(
        client, .wrongPlan,
        "the worker's topology differs from the broker's in model, data, training or codecs",
        worker: join.worker, &actions)
    }
    if let member = members[client], !member.isGone, member.worker != join.worker,
      mailboxes[client] != nil
    {
      contested.insert(client)
      guard hasFallenSilent(client, member, now, &actions) else {
        return refuse(
          client, .wrongClient, "\(member.place ?? "another worker") plays this client",
          retry: 2000, worker: join.worker, &actions)
      }
    }
    if mailboxes[client] != nil {
      admit(client, join, from: place, now, &actions)
    } else {
      // Answered when its subscription is here: that proves both directions.
      knocking[client] = Knock(join: join, place: place)
    }
  }

  /// Whether the worker that plays a client is gone for all that is known, so that another one may play it.
  ///
  /// A client that isn't busy says nothing by itself: after a silence it is asked, and given time to answer.
  private mutating func hasFallenSilent(
    _ client: Int, _ member: Member, _ now: Duration, _ actions: inout [BrokerAction]
  ) -> Bool {
    if let asked = member.asked, asked >= member.lastHeard {
      return now - asked >= plan.limits.offerTimeout * 2
    }
    if now - member.lastHeard >= plan.limits.silence { askWhetherAlive(client, now, &actions) }
    return false
  }

  /// Asks the worker that plays a client to join again, as it does if it lives.
  private mutating func askWhetherAlive(
    _ client: Int, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard let member = members[client] else { return }
    members[client]?.asked = now
    askToJoin(client, worker: member.worker, &actions)
  }

  /// Asks who listens to a mailbox, or one worker alone, to join again.
  private func askToJoin(
    _ client: Int, worker: UInt64? = nil, _ actions: inout [BrokerAction]
  ) {
    var header = Header(run: plan.run, epoch: plan.epoch, client: client)
    header.worker = worker
    let question = Downlink.refuse(
      .wrongClient, retry: 1, detail: "the broker asks whether this worker still plays the client")
    actions.append(.send(.client(client), Message(header, question)))
  }

  /// Tells a worker that listens again who plays its client by now, or that nobody does.
  private func tellWhoPlays(_ client: Int, _ actions: inout [BrokerAction]) {
    guard let member = members[client] else { return askToJoin(client, &actions) }
    actions.append(welcome(client, worker: member.worker))
  }

  /// Refuses a client to a worker whose key may not play it; whoever else plays it isn't touched.
  mutating func forbid(
    _ client: Int, _ worker: UInt64, _ detail: String, _ actions: inout [BrokerAction]
  ) {
    if knocking[client]?.join.worker == worker { knocking[client] = nil }
    if members[client]?.worker == worker {
      setMember(client, nil)
      restrictions[client] = nil
    }
    refuse(client, .notAuthorized, detail, worker: worker, &actions)
  }

  private mutating func admit(
    _ client: Int, _ join: Join, from place: String?, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    if let member = members[client], member.worker != join.worker {
      // What the one before it was at is lost with it.
      giveUp(client, &actions)
    }
    // Who joins anew may have changed; after the broker's restart the same worker only says again that it is there.
    if let known = restrictions[client], members[client] != nil || known.worker != join.worker {
      restrictions[client] = nil
    }
    let limits = [join.maximalStage, restrictions[client]?.limit].compactMap { $0 }
    setMember(
      client,
      Member(
        worker: join.worker, place: place, declaredStage: join.maximalStage,
        maximalStage: limits.min(), samples: join.samples, lastHeard: now))
    // Also who played it before hears that, if it lives, and asks again.
    actions.append(welcome(client, worker: join.worker))
    if let known = confirmed[client] { confirm(known, to: client, &actions) }
    guard case .open = state, let progress = round?.progress[client],
      round?.origins[client] == nil
    else { return }
    // It came back into an open round, or lost its invitation.
    if progress == .left { round?.advance(client, to: .invited) }
    tell(client, announcement(now, listing: true), &actions)
  }

  /// What tells a worker that it plays a client.
  private func welcome(_ client: Int, worker: UInt64) -> BrokerAction {
    let header = Header(run: plan.run, epoch: plan.epoch, client: client, worker: worker)
    let welcome = Welcome(
      seed: plan.seed, rounds: plan.schedule.totalRounds,
      announceInterval: Int(plan.limits.announceInterval.seconds * 1000),
      chunkBytes: plan.limits.chunkBytes,
      staleRounds: plan.rules.stragglers.maximalStaleness)
    return .send(.client(client), Message(header, .welcome(welcome)))
  }

  /// Says to one client what is otherwise said to all.
  func tell(
    _ client: Int, _ message: Message<Downlink>, _ actions: inout [BrokerAction]
  ) {
    var message = message
    message.header.client = client
    actions.append(.send(.client(client), message))
  }

  /// Says no to a client, of one worker alone where several may listen to its mailbox.
  ///
  /// The header is that of the round that it is about, if it is about one.
  func refuse(
    _ client: Int, _ reason: RefusalReason, _ detail: String, retry: Int? = nil,
    worker: UInt64? = nil, under header: Header? = nil, _ actions: inout [BrokerAction]
  ) {
    var header = header ?? Header(run: plan.run, epoch: plan.epoch, client: client)
    header.worker = worker
    actions.append(.count(reason.name))
    actions.append(.notice(.refused(client: client, reason, detail: detail)))
    actions.append(
      .send(
        .client(client), Message(header, .refuse(reason, retry: retry, detail: detail))))
  }
}
