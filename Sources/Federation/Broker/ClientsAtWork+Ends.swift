package import Wire

/// Clients that end their work without an update that counts.
extension ClientsAtWork {
  /// The consequence of the end of a client's work.
  package enum End: Hashable {
    /// Nothing changes: an update of it is whole, or it was settled.
    case isIgnored
    /// The end is noted: bytes of its update are to be released, and it is counted under a name.
    case isNoted(releases: Bool, counts: String? = nil)

    /// The actions of the end of `client`; nil if nothing changes.
    package func actions(of client: Int) -> [BrokerAction]? {
      guard case .isNoted(let releases, let name) = self else { return nil }
      return (releases ? [.release(client: client)] : []) + (name.map { [.count($0)] } ?? [])
    }
  }

  /// A client says that it can't train; an update that an earlier worker of it sent whole may yet
  /// count.
  package mutating func decline(_ client: Int, _ reason: DeclineReason) -> End {
    switch progress[client] {
    case .storing, .accepted, .refused, .declined, nil: return .isIgnored
    case .invited, .working, .offered, .receiving, .left: break
    }
    return .isNoted(releases: settle(client, at: .declined(reason)))
  }

  /// A client leaves: nothing more of it is waited for, unless it comes back or its update was sent
  /// whole.
  package mutating func leave(_ client: Int) -> End { quit(client, at: .left) }

  /// A client is excluded: nothing more of it is waited for, unless its update was sent whole.
  package mutating func evict(_ client: Int) -> End { quit(client, at: .refused(.evicted)) }

  private mutating func quit(_ client: Int, at end: ClientProgress) -> End {
    switch progress[client] {
    case .storing, .accepted, .refused, .declined, .left, nil: return .isIgnored
    case .invited, .working, .offered, .receiving: break
    }
    let releases = settle(client, at: end)
    guard case .isNoted(_, let name) = giveUp(client) else { return .isNoted(releases: releases) }
    return .isNoted(releases: releases, counts: name)
  }

  /// Takes back a client's leave to send, as it is gone or silent, or brings no bytes: it offers
  /// again when it is back.
  package mutating func withdrawGrant(
    of client: Int, counting name: String = "grant withdrawn"
  ) -> End {
    guard progress[client]?.isReceiving == true else { return .isIgnored }
    advance(client, to: .working)
    return .isNoted(releases: true, counts: name)
  }

  /// The clients whose leave to send brought too few bytes for too long while others wait for one,
  /// in rising order.
  package mutating func lapsed(_ limits: ProtocolLimits, after passed: Duration) -> [Int] {
    let progress = progress
    let clients = room.lapsed(limits, after: passed) { progress[$0]?.missingBytes ?? 0 }
    return clients.isEmpty || !awaitsRoom ? [] : clients
  }

  /// True if a client has an update and waits for leave to send it.
  package var awaitsRoom: Bool {
    progress.values.contains { progress in
      if case .offered = progress { true } else { false }
    }
  }

  /// No longer waits for a client's update of an earlier round, unless it counts or may yet.
  package mutating func giveUp(_ client: Int) -> End {
    guard let old = progress[client], origins[client] != nil else { return .isIgnored }
    switch old {
    case .accepted, .storing: return .isIgnored
    case .invited, .working, .offered, .receiving, .refused, .declined, .left: break
    }
    forget(client, at: old)
    return .isNoted(releases: old.isReceiving, counts: "late update given up")
  }

  /// Refuses a client that said something wrong, for good, with all that it may yet say about its
  /// update.
  package mutating func refuse(
    _ client: Int, _ problem: String, _ plan: BrokerPlan, _ models: RoundModels,
    _ presence: PresentClients
  ) -> [BrokerAction] {
    let header = models.header(to: client, of: self, plan)
    var releases = false
    switch progress[client] {
    case .accepted:
      return [
        .count(RefusalReason.malformed.name),
        .send(.client(client), Message(header, .acknowledge(.duplicate))),
      ]
    case .storing:
      // The end of the update itself is on the way.
      return [.count(RefusalReason.malformed.name)]
    case .refused, .declined, .left, nil: break
    case .invited, .working, .offered, .receiving:
      releases = settle(client, at: .refused(.malformed))
    }
    return (releases ? [.release(client: client)] : [])
      + plan.refuse(client, .malformed, problem, under: header) + grant(plan, models, presence)
  }

  /// Notes the end of a client's work; true if bytes of its update are to be released.
  private mutating func settle(_ client: Int, at end: ClientProgress) -> Bool {
    let releases = progress[client]?.isReceiving == true
    advance(client, to: end)
    return releases
  }
}

/// Messages about updates, with what members become by them.
extension ClientsAtWork {
  /// Takes in that a client can't train, and why.
  mutating func decline(
    _ client: Int, _ reason: DeclineReason, _ detail: String, _ models: RoundModels,
    _ members: inout Members
  ) -> [BrokerAction] {
    guard let ends = decline(client, reason).actions(of: client) else { return [] }
    members.learn(client, reason, of: models[origin(of: client) ?? round])
    return ends + [.notice(.declined(client: client, reason, detail: detail))]
  }

  /// Answers a client's offer of an update.
  mutating func offer(
    _ client: Int, _ submission: Submission, _ attempt: Int, _ plan: BrokerPlan,
    _ models: RoundModels, _ members: inout Members
  ) -> [BrokerAction] {
    let header = models.header(to: client, of: self, plan)
    let model = models[submission.round]
    if case .declined = progress[client] { members.unrestrict(client) }
    let (answer, releases) = offer(
      client, submission, attempt: attempt, limit: model?.updateLimit ?? 0,
      isFromKnownModel: model?.stages[submission.offer.base] != nil)
    if answer == .isWeightless { members.restrict(client, to: 0) }
    return (releases ? [.release(client: client)] : [])
      + answer.actions(to: client, under: header, plan)
  }
}
