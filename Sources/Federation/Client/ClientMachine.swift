package import Bytes
package import Measures
package import Wire

/// A client's side of the protocol: event in, actions out; no sockets, clock or threads.
///
/// Times are durations since any fixed moment; `wakeTime` says when the next `tick` is due.
package struct ClientMachine: Hashable, Sendable {
  /// Who the client is.
  package let identity: ClientIdentity
  /// Waiting times and sizes; how long chunks are, the broker says.
  package internal(set) var limits: ProtocolLimits

  /// What the client is doing in the current round.
  package internal(set) var state: State = .idle
  /// The run and the broker's incarnation, once welcomed; nil while it must join (again).
  package internal(set) var membership: Membership?
  /// When the next tick is due; nil if nothing is waited for.
  package internal(set) var wakeTime: Duration?
  /// The last round that this client took up, or went on with, since it was welcomed by this epoch.
  package internal(set) var lastRound = 0

  /// The states that this client holds, by the first 8 bytes of their digests, and of which segment.
  var held: [UInt64: String] = [:]
  /// The steps whose chunks it listens to.
  var subscribed: Set<Digest> = []
  /// What it asked for last of what is missing, and still waits for.
  var asked: [Digest: RangeSet<Int>] = [:]
  /// For how many rounds after the one that it was trained for an update may count, as the broker says.
  var staleRounds = 0
  /// When it last said something.
  var lastSaid: Duration = .zero
  /// The run that it was last welcomed to; 0 before.
  var run: UInt64 = 0
  /// The latest incarnation of that run's broker that it knows of; 0 before.
  var epoch = 0
  /// Whether it is known to have no samples.
  var lacksSamples = false
  /// What it said to the round that it can't take part in, to be said again if it got lost.
  var declined: Message<Uplink>?
  /// Where the jitter of its waiting comes from.
  var jitter: RandomStream

  /// The states within a round.
  package enum State: Hashable, Sendable {
    /// Not selected, or done with the round.
    case idle
    /// Waiting for these parts of the steps to the model.
    case fetching(ClientTask, missing: [Digest: RangeSet<Int>])
    /// Training.
    case training(ClientTask)
    /// Has an update; waits for leave to send it, or for its acknowledgement.
    case offering(ClientTask, Offer, granted: Bool)
    /// The run is over for this client.
    case ended
  }

  /// A welcome's essence.
  package struct Membership: Hashable, Sendable {
    /// The run.
    package var run: UInt64
    /// The broker's incarnation.
    package var epoch: Int
  }

  /// A client that has yet to join; its first tick is due at once.
  package init(identity: ClientIdentity, limits: ProtocolLimits, jitter: RandomStream) {
    self.identity = identity
    self.limits = limits
    self.jitter = jitter
    wakeTime = .zero
  }

  /// Takes in what happened at `now` and says what is to be done.
  package mutating func handle(_ event: ClientEvent, at now: Duration) -> [ClientAction] {
    guard state != .ended else { return [] }
    var actions: [ClientAction] = []
    switch event {
    case .tick: tick(now, &actions)
    case .message(let message): receive(message, now, &actions)
    case .damaged(let digest): refetch(digest, now, &actions)
    case .dealt(let samples): lacksSamples = samples == 0
    case .trained(let round, let offer): trained(round, offer, now, &actions)
    case .failed(let round, let reason, let detail):
      failed(round, reason, detail, now, &actions)
    case .stop:
      actions.append(.send(message(.leave(worker: identity.worker))))
      end(.left, &actions)
    }
    for case .send in actions { lastSaid = now }
    return actions
  }

  /// The task of the current round, if there is one.
  package var task: ClientTask? {
    switch state {
    case .fetching(let task, _), .training(let task), .offering(let task, _, _): task
    case .idle, .ended: nil
    }
  }

  /// A message of this client in the current round.
  func message(_ body: Uplink) -> Message<Uplink> { Message(header, body) }

  /// The header of this client's messages in the current round.
  var header: Header {
    Header(
      run: membership?.run ?? run, epoch: membership?.epoch ?? 0, round: task?.round ?? 0,
      stage: task?.stage ?? 0, client: identity.client, attempt: identity.attempt)
  }

  /// Ends this client's part for good.
  mutating func end(_ end: ClientEnd, _ actions: inout [ClientAction]) {
    abandon(&actions)
    state = .ended
    wakeTime = nil
    actions.append(.finished(end))
  }

  /// Drops what was done for the current round, and what was listened to for it.
  mutating func abandon(_ actions: inout [ClientAction]) {
    if let task { actions.append(.settled(round: task.round, accepted: false)) }
    rest(&actions)
  }

  /// Has nothing to do until the next announcement.
  mutating func rest(_ actions: inout [ClientAction]) {
    state = .idle
    asked = [:]
    for digest in subscribed.sorted(by: { $0.hex < $1.hex }) {
      actions.append(.unsubscribe(digest))
    }
    subscribed = []
    if membership != nil { wakeTime = nil }
  }
}
