package import Bytes
package import Measures
import Wire

/// A client's identity, as it tells the broker.
package struct ClientIdentity: Hashable, Sendable {
  /// The client's number, from 0.
  package var client: Int
  /// A random number, one per worker process.
  package var worker: UInt64
  /// The digest of what both sides must agree on.
  package var plan: Digest
  /// The deepest stage that its memory allows; nil for no limit.
  package var maximalStage: Int?
  /// The number of restarts of its worker.
  package var attempt: Int
  /// The worker's name for people; empty where it has none.
  package var name: String
  /// The channels of its samples where their normalization is made of all clients' sums; nil
  /// elsewhere.
  ///
  /// Before it knows the normalization, the client neither trains nor evaluates.
  package var measuredChannels: Int?
  /// True if it remembers something from one update that counts to the next: then it trains only
  /// once it was told which that was.
  package var remembers: Bool

  /// An identity of the given parts.
  package init(
    client: Int, worker: UInt64, plan: Digest, maximalStage: Int? = nil, attempt: Int = 0,
    name: String = "", measuredChannels: Int? = nil, remembers: Bool = false
  ) {
    self.client = client
    self.worker = worker
    self.plan = plan
    self.maximalStage = maximalStage
    self.attempt = attempt
    self.name = name
    self.measuredChannels = measuredChannels
    self.remembers = remembers
  }

  /// True if an announcement tells what the client needs to know of its earlier updates.
  ///
  /// In a mailbox there is no more to hear; a broker of an earlier version says nothing there.
  func isTold(_ announce: Announce, in header: Header) -> Bool {
    !remembers || announce.counted != nil || header.client != nil
  }

  /// The request to take the client in, of which these are the samples, if they are known.
  ///
  /// A client that isn't a member tells what incarnation of the broker it knows of, which may be
  /// news.
  func join(
    _ known: Membership, as membership: Membership?, with holding: ClientHolding?
  ) -> Message<Uplink> {
    let counts = holding?.counts
    let join = Join(
      worker: worker, plan: plan, maximalStage: maximalStage, samples: counts?.training,
      heldOut: counts?.heldOut, name: name, labels: counts?.labels ?? [])
    let epoch = membership == nil ? known.told : 0
    return Message(
      Header(run: known.run, epoch: epoch, client: client, attempt: attempt), .join(join))
  }
}

/// A client's side of the protocol: event in, actions out; no sockets, clock or threads.
///
/// Times are durations since any fixed moment; `wakeTime` says when the next `tick` is due.
package struct ClientMachine: Hashable, Sendable {
  /// The client's identity.
  package let identity: ClientIdentity
  /// Waiting times and sizes; the broker says how long chunks are.
  package internal(set) var limits: ProtocolLimits

  /// The client's state in the current round.
  package internal(set) var state = ClientState.idle
  /// The client's standing with the broker.
  var standing: ClientStanding
  /// The run that it was last welcomed to and the latest incarnation of its broker that it knows
  /// of; 0 before.
  var broker = Membership(run: 0, epoch: 0)
  /// The last round that this client took up, or went on with, since it was welcomed by this epoch.
  var lastRound = LastRound.takenUp(0)
  /// Its last update of which it knows that it counts; nil before.
  var lastCounted: CountedUpdate?
  /// The last evaluation that this client took up and is done with.
  var lastEvaluation = LastEvaluation.done(0)

  /// Its part in the normalization that is made of all clients' sums.
  package internal(set) var measuring: ClientMeasuring

  /// The states that this client holds.
  var held = HeldStates()
  /// The number of rounds after its own in which an update may count, as the broker says.
  var staleRounds = 0
  /// The time of its last message.
  package private(set) var lastSaid: Duration = .zero
  /// The samples that it has; nil before they are known.
  package internal(set) var holding: ClientHolding?
  /// True if its own samples changed before the broker took it in again, which may not know.
  var hasNews = false
  /// The source of the jitter of its waiting.
  var jitter: RandomStream

  /// A client that has yet to join; its first tick is due at once.
  package init(identity: ClientIdentity, limits: ProtocolLimits, jitter: RandomStream) {
    self.identity = identity
    self.limits = limits
    self.jitter = jitter
    measuring = ClientMeasuring(channels: identity.measuredChannels)
    standing = .joining(next: .zero)
  }

  /// Takes in what happened at `now` and says what is to be done.
  package mutating func handle(_ event: ClientEvent, at now: Duration) -> [ClientAction] {
    if case .ended = state { return [] }
    var actions: [ClientAction] = []
    switch event {
    case .tick: tick(now, &actions)
    case .message(let message): receive(message, now, &actions)
    case .damaged(let digest): refetch(digest, now)
    case .has(let holding): has(holding, now)
    case .trained(let round, let offer): trained(round, offer, now, &actions)
    case .failed(let round, let reason, let detail): failed(round, reason, detail, &actions)
    case .evaluated(let round, let scores): evaluated(round, scores, now, &actions)
    case .showLife:
      if state == .idle, membership != nil { actions.append(.send(message(.heartbeat(.idle)))) }
    case .measured(let sums): actions += measuring.measured(sums, header, limits, at: now)
    case .unmeasured(let reason, let text): actions += measuring.unmeasured(reason, text, header)
    case .stop:
      actions.append(.send(message(.leave(worker: identity.worker))))
      end(.left, &actions)
    }
    for case .send in actions { lastSaid = now }
    return actions
  }

  /// The run and the broker's incarnation, once welcomed; nil while it must join (again).
  package var membership: Membership? {
    guard case .member = standing else { return nil }
    return broker
  }

  /// The time at which the next tick is due; nil if nothing is waited for.
  package var wakeTime: Duration? {
    switch (state, standing) {
    case (.ended, _): nil
    case (_, .joining(let next)): next
    case (_, .member): [state.wake, measuring.wake].compactMap(\.self).min()
    }
  }

  /// The task of the current round, if there is one.
  package var task: ClientTask? { state.task }

  /// A message of this client in the current round.
  func message(_ body: Uplink) -> Message<Uplink> { Message(header, body) }

  /// The header of this client's messages in the current round.
  var header: Header {
    Header(
      run: broker.run, epoch: membership?.epoch ?? 0, round: task?.round ?? 0,
      stage: task?.stage ?? 0, client: identity.client, attempt: identity.attempt,
      purpose: task?.purpose ?? .training)
  }

  /// The request to take this client in, or to say again what was said in its mailbox.
  var join: Message<Uplink> { identity.join(broker, as: membership, with: holding) }

  /// Has the next tick at `time`; there is none for a member that waits for nothing.
  mutating func wake(at time: Duration) {
    switch (state, standing) {
    case (.ended, _): break
    case (_, .joining): joinAgain(at: time)
    case (_, .member): state.wake = time
    }
  }

  /// Does what is due: joins, asks for what is missing, offers again, or says that it is alive.
  private mutating func tick(_ now: Duration, _ actions: inout [ClientAction]) {
    guard let wakeTime, wakeTime <= now else { return }
    guard case .member = standing else {
      actions.append(.send(join))
      return joinAgain(at: now + limits.joinInterval * (1 + jitter.uniform()))
    }
    if let message = measuring.reminder(header, limits, at: now) { return actions.append(message) }
    if case .fetching = state { return ask(now, &actions) }
    guard let (body, pause) = state.reminder(limits) else { return }
    actions.append(.send(message(body)))
    wake(at: now + pause)
  }

  /// Asks the broker at `time` to be taken in.
  mutating func joinAgain(at time: Duration) { standing = .joining(next: time) }

  /// Ends this client's part for good.
  mutating func end(_ end: ClientEnd, _ actions: inout [ClientAction]) {
    abandon(&actions)
    state = .ended
    actions.append(.finished(end))
  }

  /// Drops what was done for the current round, and what was listened to for it.
  mutating func abandon(_ actions: inout [ClientAction]) {
    if let task { actions.append(.settled(round: task.round, accepted: false)) }
    rest(&actions)
  }

  /// Has nothing to do until the next announcement.
  mutating func rest(_ actions: inout [ClientAction]) {
    actions += state.subscribed.map { .unsubscribe($0) }
    state = .idle
  }
}
