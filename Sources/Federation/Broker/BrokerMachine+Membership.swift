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
      if let join = knocking.removeValue(forKey: client) { admit(client, join, now, &actions) }
    }
  }

  /// Somebody is gone, or no longer listens.
  mutating func unsubscribed(_ topic: Topic) {
    switch topic {
    case .all: return
    case .step:
      let left = (listeners[topic] ?? 0) - 1
      listeners[topic] = left > 0 ? left : nil
    case .client(let client):
      let left = (mailboxes[client] ?? 0) - 1
      mailboxes[client] = left > 0 ? left : nil
      if left <= 0 { members[client]?.worker = nil }
      notePresence(of: client)
    }
  }

  /// Takes in what a client said.
  mutating func receive(
    _ message: Message<Uplink>, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard let client = message.header.client else { return }
    if case .join(let join) = message.body {
      return admitOrRefuse(client, join, now, &actions)
    }
    guard message.header.run == plan.run, message.header.epoch == plan.epoch else {
      return actions.append(.count("message of another run"))
    }
    guard members[client] != nil else {
      return actions.append(.count("message of a stranger"))
    }
    members[client]?.lastHeard = now
    switch message.body {
    case .join, .heartbeat: return
    case .leave:
      members[client] = nil
      notePresence(of: client)
    case .want, .offer, .updateChunk, .decline:
      receiveInRound(client, message, now, &actions)
    }
  }

  /// A client is present when it has joined and its mailbox is listened to.
  private mutating func notePresence(of client: Int) {
    if members[client] != nil, mailboxes[client] != nil {
      presence.insert(client)
    } else {
      presence.remove(client)
    }
  }

  private mutating func admitOrRefuse(
    _ client: Int, _ join: Join, _ now: Duration, _ actions: inout [BrokerAction]
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
    if let member = members[client], let worker = member.worker, worker != join.worker,
      mailboxes[client] != nil, now - member.lastHeard < plan.limits.silence
    {
      return refuse(
        client, .wrongClient, "another worker plays this client", retry: 2000,
        worker: join.worker, &actions)
    }
    if mailboxes[client] != nil {
      admit(client, join, now, &actions)
    } else {
      // Answered when its subscription is here: that proves both directions.
      knocking[client] = join
    }
  }

  /// Refuses a client to a worker whose key may not play it; whoever else plays it isn't touched.
  mutating func forbid(
    _ client: Int, _ worker: UInt64, _ detail: String, _ actions: inout [BrokerAction]
  ) {
    if knocking[client]?.worker == worker { knocking[client] = nil }
    if members[client]?.worker == worker {
      members[client] = nil
      notePresence(of: client)
    }
    refuse(client, .notAuthorized, detail, worker: worker, &actions)
  }

  private mutating func admit(
    _ client: Int, _ join: Join, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    members[client] = Member(
      worker: join.worker, maximalStage: join.maximalStage, lastHeard: now)
    notePresence(of: client)
    var header = header(client: client)
    header.round = 0
    header.stage = 0
    header.worker = join.worker
    let welcome = Welcome(
      seed: plan.seed, rounds: plan.schedule.totalRounds,
      announceInterval: Int(plan.limits.announceInterval.seconds * 1000),
      chunkBytes: plan.limits.chunkBytes)
    actions.append(.send(.client(client), Message(header, .welcome(welcome))))
    if round?.progress[client] != nil {
      // It came back into an open round, or lost its invitation.
      var announcement = announcement(now, listing: true)
      announcement.header.client = client
      actions.append(.send(.client(client), announcement))
    }
  }

  /// Says no to a client, of one worker alone where several may listen to its mailbox.
  func refuse(
    _ client: Int, _ reason: RefusalReason, _ detail: String, retry: Int? = nil,
    worker: UInt64? = nil, _ actions: inout [BrokerAction]
  ) {
    var header = header(client: client)
    header.worker = worker
    switch reason {
    case .wrongPlan, .wrongClient, .notAuthorized:
      header.round = 0
      header.stage = 0
    case .staleRound, .notSelected, .tooLarge, .wrongBase, .wrongDigest, .malformed, .notFinite,
      .tooFar, .overloaded:
      break
    }
    actions.append(.count(reason.name))
    actions.append(.notice(.refused(client: client, reason, detail: detail)))
    actions.append(
      .send(
        .client(client), Message(header, .refuse(reason, retry: retry, detail: detail))))
  }
}
