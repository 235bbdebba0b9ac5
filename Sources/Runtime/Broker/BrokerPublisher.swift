import Bytes
import Federation
import Ledger
import Measures
import Server
import Wire
import ZMTP
import ZeroMQ

/// The two publishing sockets of a broker: sends its machine's messages, and reads subscriptions.
///
/// Each message is booked by the sizes of its frames, for the listeners that are known at that
/// moment.
final class BrokerPublisher: BrokerTransport {
  /// The errors of the executor beside it, too.
  typealias Failure = any Error

  /// The bytes of all steps to the announced model.
  var steps: [Digest: SharedBuffer] = [:]

  private let host: BrokerHost<ReceivedUpdate>
  private let gate: BrokerGate
  private let control: Socket
  private let bulk: Socket
  private var notices: [(notice: SubscriptionNotice, socket: BrokerSocket)] = []
  /// The last round that was announced.
  private var announced = 0
  /// The last round whose model clients were asked to evaluate.
  private var evaluated = 0

  /// The publishing sockets of the broker that `host` plays.
  init(
    _ host: BrokerHost<ReceivedUpdate>, gate: BrokerGate, control: consuming Socket,
    bulk: consuming Socket
  ) {
    self.host = host
    self.gate = gate
    self.control = control
    self.bulk = bulk
  }

  /// Has a poller watch both sockets.
  func watch(with poller: inout Poller) -> (control: Poller.Token, bulk: Poller.Token) {
    (poller.add(control), poller.add(bulk))
  }

  // MARK: Sending

  func send(_ message: Wire.Message<Downlink>, under topic: Topic) throws {
    let text = topic.text
    let envelope = Envelope.frame(message)
    let sizes = [text.utf8.count, envelope.count]
    try listen(on: .control)
    switch topic {
    case .client(let client):
      if case .welcome = message.body {
        gate.books.greeted(client)
        gate.log.write(.info, "client joined", ["client": .number(client)])
      }
      gate.asked.note(message)
      gate.books.published(
        text, on: .control, frames: sizes, kind: TrafficKind(of: message.body), payload: 0,
        to: [client])
    case .all, .step:
      gate.books.announced(
        text, frames: sizes, kind: TrafficKind(of: message.body),
        clients: host.machine.presentCount)
    }
    // An XPUB never waits: for a subscriber whose queue is full the message is dropped, and
    // repaired.
    _ = try control.send([Frame(text), Frame(envelope)])
    switch message.body {
    case .acknowledge(.accepted): KillPoint.updateAcknowledged.pass()
    case .announce(let announce) where announce.state == .open: noteOpening(message.header.round)
    case .announce(let announce) where announce.state == .evaluating:
      if evaluated != message.header.round { KillPoint.evaluationOpened.pass() }
      evaluated = message.header.round
    default: break
    }
  }

  private func noteOpening(_ round: Int) {
    guard round != announced else { return }
    announced = round
    KillPoint.roundOpened.pass()
  }

  func broadcast(_ chunks: ModelChunks, to clients: [Int]) throws {
    guard let bytes = steps[chunks.step.digest] else { return }
    let topic = Topic.step(chunks.step.digest).text
    for client in clients { gate.books.listened(client, to: topic) }
    gate.books.broadcast(topic, to: clients)
    try publish(
      chunks, of: bytes, under: topic,
      kind: TrafficKind(broadcasting: chunks.step, for: chunks.purpose), to: clients)
  }

  func missed(_ chunks: ModelChunks, by client: Int) {
    guard steps[chunks.step.digest] != nil else { return }
    let topic = Topic.step(chunks.step.digest)
    for chunk in chunks {
      gate.books.lost(
        topic.text, client,
        frames: chunk.message.frameSizes(under: topic, payload: chunk.range.count),
        kind: TrafficKind(broadcasting: chunks.step, for: chunks.purpose),
        payload: chunk.range.count)
    }
  }

  func repair(_ chunks: ModelChunks, for client: Int) throws {
    guard let bytes = steps[chunks.step.digest] else { return }
    try publish(
      chunks, of: bytes, under: Topic.client(client).text,
      kind: TrafficKind(repairingFor: chunks.purpose), to: [client])
  }

  private func publish(
    _ chunks: ModelChunks, of bytes: SharedBuffer, under topic: String, kind: TrafficKind,
    to clients: [Int]
  ) throws(ZMQError) {
    for chunk in chunks {
      let envelope = chunk.envelope(over: bytes)
      try listen(on: .bulk)
      gate.books.published(
        topic, on: .bulk, frames: [topic.utf8.count, envelope.count, chunk.range.count],
        kind: kind, payload: chunk.range.count, to: clients)
      _ = try bulk.send([Frame(topic), Frame(envelope), Frame(bytes, range: chunk.range)])
      KillPoint.modelSent.pass()
    }
  }

  func send(_ chunks: PlanChunks, to client: Int) throws {
    let topic = Topic.client(client).text
    for piece in chunks {
      let envelope = piece.envelope(over: chunks.plan.bytes)
      try listen(on: .control)
      // No byte of it is the model's: the payload counts nothing.
      gate.books.published(
        topic, on: .control, frames: [topic.utf8.count, envelope.count, piece.range.count],
        kind: .plan, payload: 0, to: [client])
      _ = try control.send([
        Frame(topic), Frame(envelope), Frame(chunks.plan.bytes, range: piece.range),
      ])
    }
  }

  // MARK: Subscriptions

  /// True if subscriptions were read that the machine hasn't been told of.
  var hasNews: Bool { !notices.isEmpty }

  /// Makes the books know who listens now to a socket, before a message is booked that is published
  /// on it.
  func listen(on socket: BrokerSocket) throws(ZMQError) {
    switch socket {
    case .control: try readNotices(control, .control)
    case .bulk: try readNotices(bulk, .bulk)
    case .updates: break
    }
  }

  /// Hands the notices that concern the machine to `tell`, which may bring more of them.
  func takeNotices(_ tell: (BrokerEvent) throws -> Void) throws {
    var next = 0
    while next < notices.count {
      let (notice, socket) = notices[next]
      next += 1
      guard let topic = Topic(String(decoding: notice.topic, as: UTF8.self)) else {
        gate.books.count("subscription to an unknown topic")
        continue
      }
      // Presence is told by mailboxes on the control socket, readiness by chunks on the bulk
      // socket.
      if case .step = topic { guard socket == .bulk else { continue } }
      if case .client = topic { guard socket == .control else { continue } }
      try tell(notice.isSubscription ? .subscribed(topic) : .unsubscribed(topic))
    }
    notices.removeAll(keepingCapacity: true)
  }

  /// Reads and books what an XPUB noticed; the machine is told by ``takeNotices(_:)``.
  private func readNotices(_ socket: borrowing Socket, _ name: BrokerSocket) throws(ZMQError) {
    let limits = ReceiveLimits(frames: 1, size: ByteCount(1024))
    // Bounded, so that a flood of subscriptions doesn't keep all else waiting.
    for _ in 0..<4096 {
      guard let reception = try socket.receive(limits: limits) else { return }
      guard let message = reception.message, let notice = SubscriptionNotice(message) else {
        gate.books.count("malformed subscription")
        if let message = reception.message {
          gate.books.received(stray: message.frameSizes, on: name)
        }
        continue
      }
      let isKnown = Topic(String(decoding: notice.topic, as: UTF8.self)) != nil
      gate.noticed(notice, in: message, isKnown: isKnown, at: name)
      notices.append((notice, name))
    }
  }
}
