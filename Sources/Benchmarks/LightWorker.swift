import Bytes
import Federation
import Measures
import Runtime
import Topology
import Wire
import ZMTP
import ZeroMQ

/// A worker of one client that offers zeros instead of training, over three sockets of its own.
///
/// It fetches the plan first unless it has it.
final class LightWorker {
  private let control: Socket
  private let bulk: Socket
  private let updates: Socket
  private let client: Int
  private let limits: ProtocolLimits
  /// The client's machine, with its surroundings; nil before the plan is here.
  private var host: ClientHost<ZeroUpdate>?
  /// The fetching of the plan; nil once it is here.
  private var fetch: PlanFetch?
  private var outgoing: [[Frame]] = []
  /// The moment of the event that is being handled.
  private var now: Duration = .zero
  /// True if the run is over for its client.
  private(set) var hasEnded = false

  /// Connects the worker of `client`; `plan` is what it knows of the plan, nil if it fetches it.
  init(
    client: Int, at endpoints: Endpoints, plan: Digest?, limits: ProtocolLimits,
    security: Security, in context: Context
  ) throws(ZMQError) {
    self.client = client
    self.limits = limits
    var options = SocketOptions()
    options.security = security
    control = try Socket(.subscribe, in: context, options: options)
    bulk = try Socket(.subscribe, in: context, options: options)
    options.isImmediate = true
    updates = try Socket(.push, in: context, options: options)
    let jitter = RandomStream(seed: UInt64(client) + 1)
    if let plan {
      host = Self.host(of: client, plan, limits)
    } else {
      fetch = PlanFetch(
        client: client, worker: UInt64(client) + 1, limits: limits, patience: .seconds(600),
        jitter: jitter.stream("plan"))
    }
    let mailbox = Topic.client(client).text
    try control.subscribe(to: Topic.all.text)
    try control.subscribe(to: mailbox)
    try bulk.subscribe(to: mailbox)
    try control.connect(to: endpoints.control)
    try bulk.connect(to: endpoints.bulk)
    try updates.connect(to: endpoints.updates)
  }

  private static func host(
    of client: Int, _ plan: Digest, _ limits: ProtocolLimits
  ) -> ClientHost<ZeroUpdate> {
    let number = UInt64(client) + 1
    return ClientHost(
      ClientMachine(
        identity: ClientIdentity(client: client, worker: number, plan: plan),
        limits: limits, jitter: RandomStream(seed: number)))
  }

  /// The moment at which its next tick is due; nil while nothing is waited for.
  var wakeTime: Duration? { fetch.map(\.wakeTime) ?? host?.wakeTime }

  /// True if messages wait for room in its socket.
  var isSending: Bool { !outgoing.isEmpty }

  /// Has a poller watch what it listens to.
  func watch(with poller: inout Poller) -> (control: Poller.Token, bulk: Poller.Token) {
    (poller.add(control), poller.add(bulk))
  }

  /// Takes in all that has come.
  func receive(
    _ tokens: (control: Poller.Token, bulk: Poller.Token), _ poller: borrowing Poller,
    at now: () -> Duration
  ) throws(ZMQError) {
    if poller.isReadable(tokens.control) { try drain(control, at: now) }
    if poller.isReadable(tokens.bulk) { try drain(bulk, at: now) }
  }

  private func drain(_ socket: borrowing Socket, at now: () -> Duration) throws(ZMQError) {
    while let reception = try socket.receive() {
      guard let received = reception.message, let message = received.downlink else { continue }
      if fetch == nil {
        try handle(.message(message), now())
      } else {
        let payload = received.frameCount > 2 ? received.bytes(of: 2) : []
        try handle(.message(message, payload: payload), now())
      }
    }
  }

  /// Does what is due.
  func tick(_ now: Duration) throws(ZMQError) {
    if fetch == nil {
      try handle(ClientEvent.tick, now)
    } else {
      try handle(PlanFetch.Event.tick, now)
    }
  }

  /// Hands an event to the client's machine and has done what it answers.
  private func handle(_ event: ClientEvent, _ now: Duration) throws(ZMQError) {
    self.now = now
    try host?.handle(event, at: now, over: self, by: self)
  }

  /// Hands an event to the fetching of the plan, and joins once that is here.
  private func handle(_ event: PlanFetch.Event, _ now: Duration) throws(ZMQError) {
    for action in fetch?.handle(event, at: now) ?? [] {
      switch action {
      case .send(let message): send(message, from: client)
      case .turnedDown: break
      case .finished(.fetched(let plan)):
        fetch = nil
        host = Self.host(of: client, plan.digest, limits)
        try handle(ClientEvent.tick, now)
      case .finished: hasEnded = true
      }
    }
  }

  /// Sends what waits, as far as there is room.
  func flush() throws(ZMQError) {
    while let frames = outgoing.first, try updates.send(frames) { outgoing.removeFirst() }
  }
}

/// An update that changes nothing.
struct ZeroUpdate: ChunkedUpdate {
  /// The encoded update.
  let bytes: SharedBuffer

  /// As many zeros as the trained segments of `task` have, as the codec `dense32` encodes them.
  init(for task: ClientTask) {
    var bytes: [UInt8] = []
    for segment in task.segments where segment.trained {
      // A keyframe of dense32 is as long as an update in it.
      let length = segment.steps.first { $0.from == nil }?.length ?? 0
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: length))
      bytes += [UInt8](repeating: 0, count: length)
    }
    self.bytes = SharedBuffer(bytes)
  }

  var length: Int { bytes.count }
}

extension LightWorker: ClientTransport {
  typealias Update = ZeroUpdate
  typealias Failure = ZMQError

  func send(_ message: Wire.Message<Uplink>, from client: Int) {
    outgoing.append([Frame(Envelope.frame(message))])
  }

  func send(_ chunks: UpdateChunks, of update: ZeroUpdate, from client: Int) {
    for chunk in chunks {
      outgoing.append([
        Frame(chunk.envelope(over: update.bytes)), Frame(update.bytes, range: chunk.range),
      ])
    }
  }

  func subscribe(_ client: Int, to topic: Topic) throws(ZMQError) {
    try bulk.subscribe(to: topic.text)
  }

  func unsubscribe(_ client: Int, from topic: Topic) throws(ZMQError) {
    try bulk.unsubscribe(from: topic.text)
  }
}

// It keeps nothing of the model, and tells nobody.
extension LightWorker: ClientExecutor {
  func train(_ task: ClientTask, client: Int) throws(ZMQError) {
    let update = ZeroUpdate(for: task)
    let offer = Offer(
      length: update.length, digest: Digest(of: update.bytes.bytes), samples: 1, base: task.base,
      loss: 0, steps: 1, skippedSteps: 0)
    try host?.trained(offer, update, round: task.round, at: now, over: self, by: self)
  }

  // It holds nothing out.
  func evaluate(_ task: ClientTask, client: Int) throws(ZMQError) {
    try host?.handle(
      .failed(round: task.round, .noData, detail: "it holds no samples out"), at: now, over: self,
      by: self)
  }

  // It has no samples to add up.
  func measure(_ client: Int) throws(ZMQError) {
    try host?.handle(
      .unmeasured(.noData, detail: "it has no samples"), at: now, over: self, by: self)
  }

  func normalize(_ client: Int, by normalization: FederatedNormalization) {}

  func finished(_ client: Int, _ end: ClientEnd) { hasEnded = true }

  func welcomed(_ client: Int, by welcome: Welcome) -> Int? { nil }
  func open(_ step: ModelPatch, for client: Int) {}
  func reached(_ segment: Segment, by client: Int) {}
  func keep(_ states: Set<UInt64>, of client: Int) {}
  func settled(_ client: Int, round: Int, accepted: Bool, update: ZeroUpdate?) {}
  func lacksUpdate(of client: Int, round: Int) {}
  func refused(_ client: Int, round: Int, _ reason: RefusalReason, detail: String) {}
  func turnedDown(_ client: Int, _ reason: RefusalReason, detail: String) {}
}
