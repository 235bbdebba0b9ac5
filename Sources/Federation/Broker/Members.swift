import Measures
package import Wire

/// A client that has joined.
package struct Member: Hashable, Sendable {
  /// The worker process that plays it.
  package var worker: UInt64
  /// The worker as people know it; nil where nothing is known but its number.
  package var place: WorkerPlace?
  /// The last time that it was asked whether it still is there, as another worker wants to play the
  /// client.
  package var asked: Duration?
  /// Its socket is gone: any worker may take over.
  package var isGone = false
  /// The deepest stage that its memory allows, as it said when it joined; nil for no limit.
  package var declaredStage: Int?
  /// The deepest stage that it can train, 0 for none; nil for no limit.
  package var maximalStage: Int?
  /// The number of samples that it says it has; nil if it doesn't say.
  package var samples: Int?
  /// The number of samples that it holds out, as far as it says; 0 once it said that it can't
  /// evaluate on them.
  package var heldOut: Int?
  /// The number of its training samples of each label; empty where that isn't asked for.
  package var labels: [Int] = []
  /// The time since which this worker has played it.
  package var since: Duration
  /// The time of its last message.
  package var lastHeard: Duration
  /// Its last word about what it does, and when that was.
  package var said: Said?
  /// The time at which its socket was gone; nil while it is there.
  package var goneSince: Duration?
  /// The states that it holds as far as is known: those that its last counted update was trained
  /// from.
  package var states: [UInt64] = []

  /// A word of a client about its activity.
  package struct Said: Hashable, Sendable {
    /// The activity.
    package var activity: Activity
    /// The time.
    package var at: Duration
  }
}

/// The clients that have joined, the workers that play them, and the listeners to their mailboxes.
///
/// A client is *present* when it has joined and somebody listens to its mailbox, unless the
/// connection over which it spoke was lost and it didn't answer: others may listen as well.
package struct Members: Hashable, Sendable {
  /// The clients that joined, by number.
  private var joined: [Int: Member] = [:]
  /// The number of sockets that listen to each client's mailbox.
  private var mailboxes: [Int: Int] = [:]
  /// The join requests of clients whose mailbox nobody listens to yet.
  private var knocking: [Int: Knock] = [:]
  /// The clients that more than one worker asked for.
  private var contested: Set<Int> = []
  /// The present clients.
  package private(set) var presence: PresentClients
  /// The clients whose connections were lost.
  var lost = LostConnections()
  /// The later epochs that workers told of.
  var leaps: EpochLeaps
  /// The clients that somebody listens for without joining.
  var strangers = Strangers()
  /// The number of members with each limit of memory, for those that have one.
  private var limited: [Int: Int] = [:]
  /// The stages that clients said they can't train.
  package private(set) var restrictions: [Int: Restriction]

  /// A join request that waits for the subscription to its client's mailbox.
  package struct Knock: Hashable, Sendable {
    /// The request.
    package var join: Join
    /// The asking worker as people know it; nil where nothing is known but its number.
    package var place: WorkerPlace?
  }

  /// A federation of `clients` in which none has joined, for a model of `stages`.
  package init(clients: Int, stages: Int, restrictions: [Int: Restriction]) {
    presence = PresentClients(clients: clients, stages: stages)
    leaps = EpochLeaps(clients: clients)
    self.restrictions = restrictions
  }

  /// The member that plays this client; nil if it hasn't joined.
  package subscript(client: Int) -> Member? { joined[client] }

  /// True if nobody listens to any client's mailbox.
  package var isDeserted: Bool { mailboxes.isEmpty }

  /// True if somebody listens to the client's mailbox.
  package func isListening(_ client: Int) -> Bool { mailboxes[client] != nil }

  /// The limits of memory that members have.
  package var limits: some Collection<Int> { limited.keys }

  /// All that joined, in no order.
  package var all: some Sequence<(client: Int, member: Member)> {
    joined.lazy.map { (client: $0.key, member: $0.value) }
  }

  /// Notes that a client said something.
  package mutating func heard(_ client: Int, _ body: Uplink? = nil, at now: Duration) {
    joined[client]?.lastHeard = now
    if lost.forget(client) { notePresence(of: client) }
    guard let activity = body?.activity else { return }
    joined[client]?.said = Member.Said(activity: activity, at: now)
  }

  /// Notes that a client has no samples to evaluate on, until it joins anew.
  package mutating func holdsNothingOut(_ client: Int) { joined[client]?.heldOut = 0 }

  /// Notes the states that a client holds.
  package mutating func holds(_ states: [UInt64], _ client: Int) { joined[client]?.states = states }

  /// True if the client is present and was heard within `silence`.
  package func isAlive(_ client: Int, within silence: Duration, at now: Duration) -> Bool {
    isListening(client) && !isSilent(client, for: silence, at: now)
  }

  /// True if the client isn't a member, or wasn't heard within `silence`.
  package func isSilent(_ client: Int, for silence: Duration, at now: Duration) -> Bool {
    guard let member = joined[client] else { return true }
    return now - member.lastHeard >= silence
  }

  /// The silent ones among some clients, in rising order.
  func silent(
    of clients: some Collection<Int>, for silence: Duration, at now: Duration
  ) -> [Int] {
    clients.filter { isSilent($0, for: silence, at: now) }.sorted()
  }
}

/// Subscriptions to mailboxes.
extension Members {
  /// The consequence of a new listener at a mailbox.
  package enum Arrival: Hashable {
    /// The client is let in, as it had asked before.
    case admits(Knock)
    /// Several workers want to play the client: this one is to be told which one does.
    case isContested
    /// Nothing else.
    case isNoted
  }

  /// Notes another listener to a client's mailbox.
  package mutating func listen(to client: Int, at now: Duration = .zero) -> Arrival {
    mailboxes[client, default: 0] += 1
    if joined[client] == nil { strangers.note(client, at: now) }
    notePresence(of: client)
    if let knock = knocking.removeValue(forKey: client) { return .admits(knock) }
    return contested.contains(client) ? .isContested : .isNoted
  }

  /// The consequence of a listener less at a mailbox.
  package enum Departure: Hashable {
    /// No listener is left: the client is gone.
    case isGone
    /// One of several workers is gone, perhaps the one that plays the client.
    case isContested
    /// Others listen on.
    case isNoted
  }

  /// Notes that one listener to a client's mailbox is gone.
  package mutating func stopListening(to client: Int) -> Departure {
    let left = (mailboxes[client] ?? 0) - 1
    mailboxes[client] = left > 0 ? left : nil
    notePresence(of: client)
    guard left <= 0 else { return contested.contains(client) ? .isContested : .isNoted }
    joined[client]?.isGone = true
    return .isGone
  }

  /// Notes when a client's last listener was gone; returns the member that it was, if it was one.
  package mutating func noteGone(_ client: Int, at now: Duration) -> Member? {
    joined[client]?.goneSince = now
    return joined[client]
  }
}

/// Joining and leaving.
extension Members {
  /// The answer to a join request.
  package enum JoinAnswer: Hashable {
    /// The client is to be admitted.
    case admits
    /// The client is answered when its subscription is here: that proves both directions.
    case waits
    /// The worker of this member plays the client; if `isDue`, it is to be asked whether it still
    /// is there.
    case isTaken(Member, isDue: Bool)
    /// The client is refused for good.
    case isRefused(RefusalReason, detail: String)
  }

  /// Looks whether a worker may play the client that it asks for.
  package mutating func ask(
    _ client: Int, _ join: Join, from place: WorkerPlace?, _ plan: BrokerPlan, at now: Duration
  ) -> JoinAnswer {
    guard (0..<plan.clients).contains(client) else {
      let detail = "the topology has clients 0 to \(plan.clients - 1)"
      return .isRefused(.wrongClient, detail: detail)
    }
    guard join.plan == plan.digest else {
      let detail =
        "the worker's topology differs from the broker's in model, data, training or codecs"
      return .isRefused(.wrongPlan, detail: detail)
    }
    if let samples = join.samples, let limit = plan.rules.sampleLimit, samples > limit {
      let detail =
        "field samples is \(samples), beyond \(limit), the most that a client may have (limits.samples)"
      return .isRefused(.malformed, detail: detail)
    }
    if let problem = plan.problem(ofLabels: join.labels) {
      return .isRefused(.malformed, detail: problem)
    }
    guard isListening(client) else {
      knocking[client] = Knock(join: join, place: place)
      return .waits
    }
    guard let member = joined[client], !member.isGone, !lost.isAway(client),
      member.worker != join.worker
    else { return .admits }
    contested.insert(client)
    // A client that isn't busy says nothing by itself: after a silence it is asked, and given time
    // to answer.
    if let asked = member.asked, asked >= member.lastHeard {
      return now - asked >= plan.limits.offerTimeout * 2 ? .admits : .isTaken(member, isDue: false)
    }
    return .isTaken(member, isDue: isSilent(client, for: plan.limits.silence, at: now))
  }

  /// Asks the worker that plays a client to join again, as it does if it lives.
  package mutating func askWhetherAlive(
    _ client: Int, _ plan: BrokerPlan, at now: Duration
  ) -> [BrokerAction] {
    guard let worker = joined[client]?.worker else { return [] }
    joined[client]?.asked = now
    return [plan.askToJoin(client, worker: worker)]
  }

  /// Takes a client in; returns the member that it is.
  @discardableResult
  package mutating func admit(
    _ client: Int, _ join: Join, from place: WorkerPlace?, at now: Duration
  ) -> Member {
    // A client that joins anew may have changed; after the broker's restart the same worker only
    // says again that it is there.
    if let known = restrictions[client], joined[client] != nil || known.worker != join.worker {
      restrictions[client] = nil
    }
    let limits = [join.maximalStage, restrictions[client]?.limit].compactMap { $0 }
    let before = joined[client].flatMap { $0.worker == join.worker && !$0.isGone ? $0 : nil }
    lost.forget(client)
    leaps.welcome(join.worker)
    let member = Member(
      worker: join.worker, place: place, declaredStage: join.maximalStage,
      maximalStage: limits.min(), samples: join.samples, heldOut: join.heldOut,
      labels: join.labels, since: before?.since ?? now, lastHeard: now, said: before?.said)
    set(client, member)
    return member
  }

  /// Lets a client go that its worker no longer plays, and returns the member that it was; nil if
  /// it is none, or another worker took it over meanwhile.
  package mutating func leave(_ client: Int, _ worker: UInt64) -> Member? {
    guard let member = joined[client], member.worker == worker else { return nil }
    set(client, nil)
    restrictions[client] = nil
    return member
  }

  /// Forgets a client's request to join for which nobody listens yet.
  mutating func forgetKnock(of client: Int) { knocking[client] = nil }

  /// Forgets a worker whose key may not play the client; the client's other workers aren't touched.
  package mutating func forbid(_ client: Int, _ worker: UInt64) {
    if knocking[client]?.join.worker == worker { knocking[client] = nil }
    guard joined[client]?.worker == worker else { return }
    set(client, nil)
    restrictions[client] = nil
  }
}

/// Limits of what clients can train.
extension Members {
  /// Notes that a client can't train beyond the stage `limit`, 0 for none, so that it isn't asked
  /// in vain again.
  package mutating func restrict(_ client: Int, to limit: Int) {
    guard var member = joined[client] else { return }
    member.maximalStage = min(limit, member.maximalStage ?? limit)
    restrictions[client] = Restriction(worker: member.worker, limit: limit)
    set(client, member)
  }

  /// Takes in the reason why a client declined a round of this model, as far as it would say the
  /// same of other rounds.
  package mutating func learn(_ client: Int, _ reason: DeclineReason, of model: RoundModel?) {
    switch reason {
    case .noData, .badData: restrict(client, to: 0)
    case .tooDeep:
      let asked = model?.stage(allowedBy: joined[client]?.maximalStage)
      if let asked { restrict(client, to: asked - 1) }
    case .diverged, .failed: break
    }
  }

  /// Forgets that a client can't train something: it has an update.
  package mutating func unrestrict(_ client: Int) {
    guard restrictions.removeValue(forKey: client) != nil, var member = joined[client] else {
      return
    }
    member.maximalStage = member.declaredStage
    set(client, member)
  }

  /// The deepest stage that a client can train, of what is known now and `limit`; nil for no limit.
  package func limit(of client: Int, and limit: Int?) -> Int? {
    [limit, joined[client]?.maximalStage, restrictions[client]?.limit].compactMap { $0 }.min()
  }

  /// The present clients that can train some part of `model`, without some.
  package func eligible(for model: RoundModel, without others: Set<Int> = []) -> PresentClients.Pool
  {
    presence.pool(without: others) { limit in model.stage(allowedBy: limit) != nil }
  }

  private mutating func set(_ client: Int, _ member: Member?) {
    if let old = joined[client]?.maximalStage {
      let left = limited[old, default: 0] - 1
      limited[old] = left > 0 ? left : nil
    }
    if let new = member?.maximalStage { limited[new, default: 0] += 1 }
    joined[client] = member
    strangers.forget(client)
    if member == nil { lost.forget(client) }
    notePresence(of: client)
  }

  mutating func notePresence(of client: Int) {
    if let member = joined[client], isListening(client), !lost.isAway(client) {
      presence.insert(client, limit: member.maximalStage)
    } else {
      presence.remove(client)
    }
  }
}

extension Uplink {
  /// The activity that a message tells of; nil where it tells of none.
  fileprivate var activity: Activity? {
    switch self {
    case .want: .fetching
    case .offer, .updateChunk: .sending
    case .heartbeat(let activity): activity
    case .scores: .evaluating
    case .join, .leave, .decline, .planWant, .sums: nil
    }
  }
}
