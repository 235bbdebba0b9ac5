import Bytes
import Federation
import Ledger
import LocalTraining
import Measures
import Server
import Wire
import ZMTP
import ZeroMQ

/// The three sockets of a worker, which all of its clients share.
final class WorkerSockets: ClientTransport {
  private let control: Socket
  private let bulk: Socket
  private let updates: Socket
  private let frameLimits: ReceiveLimits
  private var outgoing = OutgoingQueue()
  /// The number of clients that listen to each step.
  private var listeners: [Topic: Int] = [:]
  /// The mailboxes of this worker's clients.
  private let mailboxes: [String]

  /// Opens the sockets; they connect later.
  init(_ settings: WorkerSettings, in context: Context) throws(ZMQError) {
    var listening = SocketOptions()
    listening.security = settings.security
    listening.heartbeat = nil  // announcements tell that the broker lives; see BrokerSockets
    listening.isIPv6 = settings.endpoints.isIPv6
    // After a reconnect a SUB sends no more subscriptions than this.
    listening.sendHighWaterMark = 4 * settings.clients.count + 1000
    listening.maximumFrame = ByteCount(settings.limits.chunkBytes + Envelope.maximalBytes)
    control = try Socket(.subscribe, in: context, options: listening)
    listening.receiveHighWaterMark = 0
    bulk = try Socket(.subscribe, in: context, options: listening)
    var sending = SocketOptions()
    sending.heartbeat = nil
    sending.isImmediate = true
    sending.security = settings.security
    sending.isIPv6 = settings.endpoints.isIPv6
    sending.sendHighWaterMark = 64
    updates = try Socket(.push, in: context, options: sending)
    frameLimits = ReceiveLimits(
      frames: 3, size: ByteCount(settings.limits.chunkBytes + Envelope.maximalBytes + 1024))
    mailboxes = settings.clients.map { Topic.client($0).text }
    for mailbox in mailboxes {
      try control.subscribe(to: mailbox)
      try bulk.subscribe(to: mailbox)
    }
    try control.subscribe(to: Topic.all.text)
  }

  /// A watch over what becomes of the connections.
  func monitors(isEncrypted: Bool) throws(ZMQError) -> ConnectionWatch {
    ConnectionWatch(
      control: try control.monitor(.attempts), bulk: try bulk.monitor(.attempts),
      updates: try updates.monitor(.attempts), isEncrypted: isEncrypted)
  }

  /// Begins to connect to a broker's three sockets.
  func connect(to endpoints: Endpoints) throws(ZMQError) {
    try bulk.connect(to: endpoints.bulk)
    try updates.connect(to: endpoints.updates)
    try control.connect(to: endpoints.control)
  }

  /// Lets all three connect over IPv6, too.
  func admitIPv6() throws(ZMQError) {
    try control.admitIPv6()
    try bulk.admitIPv6()
    try updates.admitIPv6()
  }

  /// Takes back all subscriptions.
  func listenNoMore() throws(ZMQError) {
    try control.unsubscribe(from: Topic.all.text)
    for mailbox in mailboxes {
      try bulk.unsubscribe(from: mailbox)
      try control.unsubscribe(from: mailbox)
    }
    for topic in listeners.keys { try bulk.unsubscribe(from: topic.text) }
    listeners = [:]
  }

  /// The marks of the sockets at a poller.
  struct Tokens {
    fileprivate let control: Poller.Token
    fileprivate let bulk: Poller.Token
    fileprivate let updates: Poller.Token
  }

  /// Has a poller watch all three.
  func watch(with poller: inout Poller) -> Tokens {
    Tokens(
      control: poller.add(control), bulk: poller.add(bulk), updates: poller.add(updates, for: []))
  }

  /// Sends what waits, as far as there is room, and has the poller watch for more room if some is
  /// left.
  func flush(_ tokens: Tokens, _ poller: inout Poller) throws(ZMQError) {
    try flush()
    poller.watch(tokens.updates, for: outgoing.isEmpty ? [] : .writable)
  }

  /// Sends what waits, as far as there is room.
  func flush() throws(ZMQError) {
    while let frames = outgoing.first {
      guard try updates.send(frames) else { return }
      outgoing.removeFirst()
      if frames.count > 1 { KillPoint.chunkSent.pass() }
    }
  }

  /// Hands what came to `take`; nil for what is too large to be of a broker.
  func receive(
    _ tokens: Tokens, _ poller: borrowing Poller, _ take: (ZeroMQ.Message?) throws -> Void
  ) throws {
    if poller.isReadable(tokens.control) { try drain(control, take) }
    if poller.isReadable(tokens.bulk) { try drain(bulk, take) }
  }

  private func drain(
    _ socket: borrowing Socket, _ take: (ZeroMQ.Message?) throws -> Void
  ) throws {
    // Bounded, so that results and timers get their turn.
    for _ in 0..<256 {
      guard let reception = try socket.receive(limits: frameLimits) else { return }
      try take(reception.message)
    }
  }

  // MARK: Transport

  typealias Update = TrainedUpdate
  typealias Failure = any Error

  func send(_ message: Wire.Message<Uplink>, from client: Int) {
    outgoing.append([Frame(Envelope.frame(message))])
  }

  func send(_ chunks: UpdateChunks, of update: TrainedUpdate, from client: Int) {
    for chunk in chunks {
      outgoing.append([
        Frame(chunk.envelope(over: update.bytes)), Frame(update.bytes, range: chunk.range),
      ])
    }
  }

  /// Listens to a step's chunks, once for all clients of this worker.
  func subscribe(_ client: Int, to topic: Topic) throws {
    listeners[topic, default: 0] += 1
    if listeners[topic] == 1 { try bulk.subscribe(to: topic.text) }
  }

  /// Stops listening once no client needs the step's chunks.
  func unsubscribe(_ client: Int, from topic: Topic) throws {
    guard let count = listeners[topic] else { return }
    listeners[topic] = count > 1 ? count - 1 : nil
    if count == 1 { try bulk.unsubscribe(from: topic.text) }
  }
}

/// The result of a training: an encoded update.
struct TrainedUpdate: ChunkedUpdate {
  /// The update.
  let bytes: SharedBuffer

  var length: Int { bytes.count }
}

/// Messages that wait until a socket takes them, oldest first.
private struct OutgoingQueue {
  private var messages: [[Frame]] = []
  private var sent = 0

  /// True if nothing waits.
  var isEmpty: Bool { sent == messages.count }

  /// The message that has waited longest.
  var first: [Frame]? { isEmpty ? nil : messages[sent] }

  /// Adds a message at the end.
  mutating func append(_ frames: [Frame]) { messages.append(frames) }

  /// Removes the message that has waited longest.
  mutating func removeFirst() {
    messages[sent] = []
    sent += 1
    if sent == messages.count {
      messages.removeAll(keepingCapacity: true)
      sent = 0
    } else if sent >= 1024 {
      messages.removeFirst(sent)
      sent = 0
    }
  }
}
