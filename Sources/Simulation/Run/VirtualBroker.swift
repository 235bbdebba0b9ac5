import Federation
import Ledger
import Measures
import Server
import Wire
import ZMTP

/// A client's update that arrives in chunks, each of which names it.
struct NamedUpdate: UpdateAssembly {
  /// The update; nil before the first chunk.
  private(set) var update: ClientUpdate?

  init(length: Int) {}

  mutating func put(_ chunk: ClientUpdate, at offset: Int) -> Bool {
    update = chunk
    return true
  }
}

/// The broker of simulated time: a machine whose messages go over the simulated network.
final class VirtualBroker {
  private let world: VirtualWorld
  private let clients: VirtualClients
  private let observer: any RunObserver
  private let cost = ZMTPCost(.null)

  /// The machine with its surroundings; nil while the broker's process is down.
  private var host: BrokerHost<NamedUpdate>?
  private var tick = PendingTick()
  private var timeline = RoundTimeline()
  private var saved = SavedState()
  /// The last round that was opened for the first time; 0 before any was.
  private var lastOpened = 0

  /// True once all rounds are run, false once the run was stopped before; nil while it goes on.
  private(set) var result: Bool?
  /// The run was given up, as too few clients were there.
  private(set) var isGivenUp = false

  /// The part of a broker's state that outlives its process.
  private struct SavedState {
    /// The round for which the model was made last.
    var round = 1
    /// The updates that were stored in the round that is open or comes next.
    var stored: [Int: Submission] = [:]
    /// The participation of each client.
    var history = ParticipationHistory()
    /// The moment since which the broker waited for clients, if it did.
    var waitingSince: Duration?
    /// The model of a round that is over, while clients have yet to evaluate it.
    var unevaluated: PreparedModel?
    /// The normalization that was made of clients' sums.
    var normalization: FederatedNormalization?
  }

  /// A broker that has yet to begin its run.
  init(_ world: VirtualWorld, clients: VirtualClients, observer: any RunObserver) {
    self.world = world
    self.clients = clients
    self.observer = observer
    saved.normalization = world.backend.normalization
    host = BrokerHost(BrokerMachine(plan: world.plan, normalization: saved.normalization))
  }

  /// The machine; nil while the broker's process is down.
  var machine: BrokerMachine? { host?.machine }

  // MARK: Events

  /// Hands an event to the machine, with the update that a chunk names, and sets the timer.
  func handle(_ event: BrokerEvent, carrying update: ClientUpdate? = nil) {
    guard let host else { return }
    host.handle(event, carrying: update, at: world.now, over: self, by: self)
    var moment: Duration?
    if let wake = host.wakeTime { moment = world.network.events.moment(of: wake) }
    if let number = tick.set(for: moment), let moment {
      world.network.events.insert(.brokerWake(number), at: moment)
    }
  }

  /// The broker's tick has come.
  ///
  /// - Returns: True if it is still the one that is waited for.
  func wakes(by number: UInt64) -> Bool { tick.fires(number) }

  /// The answer of the broker's slow work has come, unless its process is another one by now.
  func take(_ event: BrokerEvent, epoch: Int) {
    guard epoch == world.plan.epoch else { return }
    handle(event)
  }

  private func answer(_ event: BrokerEvent) {
    world.network.events.insert(.brokerResult(event, epoch: world.plan.epoch), at: world.now)
  }

  /// A message of a client has reached the broker.
  func receive(_ message: SimulatedMessage, from client: Int) {
    switch message.content {
    case .downlink: return
    case .subscription(let subscription):
      notice(subscription, isSubscription: true, of: client)
    case .cancellation(let subscription):
      notice(subscription, isSubscription: false, of: client)
    case .uplink(let content, let update):
      world.network.books.received(
        from: client, frames: message.frames, kind: message.kind, payload: message.payload)
      handle(.message(content), carrying: update)
    }
  }

  private func notice(_ subscription: Subscription, isSubscription: Bool, of client: Int) {
    world.network.noticed(subscription, isSubscription: isSubscription, of: client)
    if subscription.topic == .all, isSubscription, !clients.hasJoined(client) {
      world.audience.listens(unjoined: client)
    }
    tell(subscription, isSubscription: isSubscription)
  }

  /// Tells the machine of what its sockets heard, as far as it is concerned.
  private func tell(_ subscription: Subscription, isSubscription: Bool) {
    switch subscription.topic {
    case .all: break
    case .client: if subscription.isBulk { return }
    case .step: if !subscription.isBulk { return }
    }
    handle(
      isSubscription ? .subscribed(subscription.topic) : .unsubscribed(subscription.topic))
  }

  /// The broker's sockets learn that a connection is gone, and with it all that it listened to.
  func lost(_ connection: Connection) {
    for subscription in world.network.lost(connection) {
      world.network.bookEnd(of: subscription)
      tell(subscription, isSubscription: false)
    }
  }

  // MARK: The process

  /// The broker's process dies, and what it knew is gone but for what is durable.
  func stop() {
    saved.history = machine?.history ?? saved.history
    saved.waitingSince = machine?.awaited == nil ? nil : machine?.waitingSince
    host = nil
    world.isBrokerUp = false
  }

  /// The broker's process is back, as its next incarnation, in the round in which it died.
  func restart() {
    world.plan.epoch += 1
    world.isBrokerUp = true
    world.audience.forgetListeners()
    // A round that is over isn't run again, only the evaluation of its model.
    let isOver = saved.unevaluated != nil
    host = BrokerHost(
      BrokerMachine(
        plan: world.plan, round: saved.round + (isOver ? 1 : 0), at: world.now,
        stored: isOver ? [:] : saved.stored, history: saved.history,
        waitingSince: saved.waitingSince, evaluating: saved.unevaluated,
        normalization: saved.normalization))
  }
}

extension VirtualBroker: BrokerExecutor {
  typealias Failure = Never

  func prepare(round: Int) {
    if round != saved.round { saved.stored = [:] }
    saved.round = round
    world.attempt { answer(.prepared(try world.backend.prepare(round: round))) }
  }

  func store(
    _ upload: NamedUpdate, _ submission: Submission, of client: Int, attempt: Int, in round: Int
  ) {
    guard let update = upload.update else { return }
    world.attempt {
      let result = try world.backend.store(
        round: round, client: client, attempt: attempt, submission, update)
      if result == .accepted {
        saved.stored[client] = submission
        timeline.accepted(clients.progress(of: client), at: world.now)
      }
      answer(.stored(round: round, client: client, result))
    }
  }

  func close(_ result: RoundResult) {
    for (client, outcome) in result.outcomes where outcome.isMissing {
      count("straggler: \(clients.activity(of: client))")
    }
    let resent = world.network.takeResent()
    if resent > 0 { world.network.books.count("segment sent again", by: resent) }
    let timing = timeline.timing(until: world.now)
    let book = world.network.books.close()
    world.attempt {
      try world.backend.close(
        ClosedRound(
          result: result, book: book, total: world.network.books.total, elapsed: world.now,
          timing: timing))
    }
  }

  func prepareEvaluation(round: Int) {
    world.attempt {
      let model = try world.backend.prepareEvaluation(round: round)
      saved.unevaluated = model
      answer(.evaluable(model))
    }
  }

  func evaluated(_ result: EvaluationResult) {
    saved.unevaluated = nil
    let book = world.network.books.close()
    world.attempt {
      try world.backend.conclude(
        ClosedEvaluation(
          result: result, book: book, total: world.network.books.total, elapsed: world.now))
    }
  }

  func normalize(_ result: MeasuringResult) {
    world.attempt {
      let made = try world.backend.normalize(result)
      saved.normalization = made
      answer(.normalized(made))
    }
  }

  func count(_ name: String) { world.network.books.count(name) }

  func lacksPlace(for client: Int, at offset: Int) { count("update chunk without a place") }

  func notice(_ notice: BrokerNotice) {
    switch notice {
    case .opened(let round, _, _): opened(round)
    case .gaveUp(let shortage, _): gaveUp(shortage)
    case .waiting, .evaluating, .measuring, .normalized, .refused, .declined, .worker, .ordered:
      break
    }
    if !world.backend.isReplaying { observer.noticed(notice) }
  }

  func finished(complete: Bool) { result = complete }

  private func opened(_ round: Int) {
    timeline = RoundTimeline(opened: world.now)
    world.roundOpened = world.now
    world.isFleetToBeCounted = true
    // A round that a restarted broker opens again doesn't begin a second time.
    guard round > lastOpened else { return }
    lastOpened = round
    if world.script.begin(round: round, at: world.now) {
      world.network.events.insert(.fault, at: world.now)
    }
  }

  /// The run ends before its last round; it may go on from here another time.
  private func gaveUp(_ shortage: Shortage) {
    isGivenUp = true
    count(shortage.counter)
    world.attempt { try world.backend.suspend() }
  }
}

extension VirtualBroker: BrokerTransport {
  func send(_ message: Wire.Message<Downlink>, under topic: Topic) {
    let text = topic.text
    let frames = message.frameSizes(under: topic)
    let simulated = SimulatedMessage(
      .downlink(message), frames: frames, kind: TrafficKind(of: message.body),
      wire: cost.message(frames).bytes)
    switch topic {
    case .client(let client):
      let isHeard = hears(client, isBulk: false)
      if case .welcome = message.body, isHeard { world.network.books.greeted(client) }
      world.network.books.published(
        text, on: .control, frames: frames, kind: simulated.kind, payload: 0, to: [client],
        as: isHeard ? .both : .offered)
      if isHeard { world.network.sendDown(client, simulated, isBulk: false) }
    case .all, .step:
      let present = host?.machine.presentCount ?? 0
      world.network.books.announced(text, frames: frames, kind: simulated.kind, clients: present)
      announce(simulated, message.body, present: present)
    }
  }

  /// Sends a message to all to those for whom it changes anything; the others' links aren't
  /// troubled.
  private func announce(_ message: SimulatedMessage, _ body: Downlink, present: Int) {
    let addressed = world.audience.addressed(by: body, of: 0..<clients.count)
    let idle = present - addressed.count
    if idle > 0 { world.network.occupyBroker(with: ByteCount(message.wire * idle)) }
    let all = Subscription(.all, isBulk: false)
    for client in addressed.sorted() where !clients.hasEnded(client) {
      guard world.network.connections.hears(client, all) else { continue }
      world.network.sendDown(client, message, isBulk: false)
    }
  }

  func broadcast(_ chunks: ModelChunks, to clients: [Int]) {
    let topic = Topic.step(chunks.step.digest)
    let text = topic.text
    for client in clients { world.network.books.listened(client, to: text) }
    let addressed = world.network.connections.listeners(to: topic)
    let known = Set(addressed)
    let unheard = clients.filter { !known.contains($0) }
    let kind = TrafficKind(broadcasting: chunks.step, for: chunks.purpose)
    // Chunk by chunk, so that all who listen are served at the same pace.
    for chunk in chunks {
      let message = carrier(of: chunk, under: topic, kind: kind)
      book(message, under: text, to: addressed, as: .both)
      if !unheard.isEmpty { book(message, under: text, to: unheard, as: .offered) }
      for client in addressed { world.network.sendDown(client, message, isBulk: true) }
    }
  }

  func missed(_ chunks: ModelChunks, by client: Int) {}  // the network knows what it lost

  func repair(_ chunks: ModelChunks, for client: Int) {
    let topic = Topic.client(client)
    let text = topic.text
    let isHeard = hears(client, isBulk: true)
    for chunk in chunks {
      let message = carrier(
        of: chunk, under: topic, kind: TrafficKind(repairingFor: chunks.purpose))
      book(message, under: text, to: [client], as: isHeard ? .both : .offered)
      if isHeard { world.network.sendDown(client, message, isBulk: true) }
    }
  }

  func send(_ chunks: PlanChunks, to client: Int) {
    let topic = Topic.client(client)
    let isHeard = hears(client, isBulk: false)
    for piece in chunks {
      let frames = piece.message.frameSizes(under: topic, payload: piece.range.count)
      world.network.books.published(
        topic.text, on: .control, frames: frames, kind: .plan, payload: 0, to: [client],
        as: isHeard ? .both : .offered)
      guard isHeard else { continue }
      let message = SimulatedMessage(
        .downlink(piece.message), frames: frames, kind: .plan, wire: cost.message(frames).bytes)
      world.network.sendDown(client, message, isBulk: false)
    }
  }

  private func carrier(
    of chunk: ModelChunk, under topic: Topic, kind: TrafficKind
  ) -> SimulatedMessage {
    let payload = chunk.range.count
    let frames = chunk.message.frameSizes(under: topic, payload: payload)
    return SimulatedMessage(
      .downlink(chunk.message), frames: frames, kind: kind, payload: payload,
      wire: cost.message(frames).bytes)
  }

  private func book(
    _ message: SimulatedMessage, under topic: String, to clients: [Int],
    as status: DeliveryStatus
  ) {
    world.network.books.published(
      topic, on: .bulk, frames: message.frames, kind: message.kind, payload: message.payload,
      to: clients, as: status)
  }

  /// True if one of the broker's sockets knows that a client listens to its mailbox.
  private func hears(_ client: Int, isBulk: Bool) -> Bool {
    world.network.connections.hears(client, Subscription(.client(client), isBulk: isBulk))
  }
}

extension RoundResult.Outcome {
  /// True if no update came in time, without a reason being given.
  fileprivate var isMissing: Bool {
    switch self {
    case .late, .lost: true
    case .accepted, .refused, .declined, .carried, .surplus: false
    }
  }
}
