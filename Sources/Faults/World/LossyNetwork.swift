import Federation
import Measures
import Simulation
import Wire

/// A network that loses, doubles, delays and reorders messages, and cuts connections.
///
/// It is a transport on the simulation's kernel: events in virtual time, and connections with what
/// is heard on them. A worker's three sockets are taken as one: all subscriptions are told as those
/// of the control socket. Each message gets its own chances from one stream, so that what happens
/// is a function of the seed.
struct LossyNetwork {
  /// The events that wait, and the virtual time.
  var events = EventQueue<FaultEvent>()
  /// The stream of the chances of each step.
  var chance: RandomStream
  /// The connections, and the subscriptions on them.
  private(set) var connections: Connections
  /// The faults that are going on.
  private(set) var active: [InjectedFault] = []
  private var lanes: [Lane]
  /// The messages that got lost, those of a broken connection not counted.
  private(set) var lost = 0

  /// A client's side of the network.
  private struct Lane {
    /// Messages that wait for a connection.
    var outbox: [Message<Uplink>] = []
    /// The number of partitions that cut the client off.
    var cuts = 0
    /// The number of partitions that swallow messages instead of resetting the connection.
    var silentCuts = 0
    /// The arrivals of the last messages on the open connection.
    var last = Arrivals()
  }

  /// The arrivals of the last messages of each kind, which later ones of that kind don't overtake.
  private struct Arrivals {
    /// The last notice of a subscription; nor do other messages of the client overtake it.
    var notice = Duration.zero
    /// The client's last message.
    var up = Duration.zero
    /// The last message on the control socket.
    var control = Duration.zero
    /// The last chunk on the bulk socket.
    var bulk = Duration.zero
  }

  /// The network's treatment of one message.
  private struct Treatment {
    var copies = 1
    var delay: Duration
    var isOrdered = true
  }

  /// A network of so many clients, none of which is connected.
  init(clients: Int, chance: RandomStream) {
    self.chance = chance
    connections = Connections(clients: clients)
    lanes = Array(repeating: Lane(), count: clients)
  }

  // MARK: Time and chance

  /// The virtual time.
  var now: Duration { events.now }

  /// Has something happen at a time.
  mutating func schedule(_ event: FaultEvent, at time: Duration) { events.insert(event, at: time) }

  /// A random time between the bounds, in milliseconds.
  mutating func pause(_ range: ClosedRange<Int>) -> Duration {
    .milliseconds(Int.random(in: range, using: &chance))
  }

  /// True if something of this probability happens.
  mutating func happens(_ probability: Double) -> Bool { chance.uniform() < probability }

  // MARK: Faults

  /// A fault begins.
  mutating func begin(_ fault: InjectedFault) {
    active.append(fault)
    guard case .partition(let client, let isSilent) = fault.kind else { return }
    lanes[client].cuts += 1
    if isSilent { lanes[client].silentCuts += 1 } else { disconnect(client) }
  }

  /// A fault ends.
  ///
  /// - Returns: False if it never began.
  mutating func end(_ fault: InjectedFault) -> Bool {
    guard let index = active.firstIndex(of: fault) else { return false }
    active.remove(at: index)
    guard case .partition(let client, let isSilent) = fault.kind else { return true }
    lanes[client].cuts -= 1
    if isSilent { lanes[client].silentCuts -= 1 }
    // A connection that was silent for so long doesn't live on.
    if connections.isOpen(client) { disconnect(client) } else { reconnect(client) }
    return true
  }

  private mutating func treatment(of client: Int) -> Treatment {
    var treatment = Treatment(delay: pause(2...30))
    if lanes[client].silentCuts > 0 { treatment.copies = 0 }
    for fault in active {
      switch fault.kind {
      case .loss(let whose, let probability) where whose ?? client == client:
        if happens(probability) { treatment.copies = 0 }
      case .duplication(let whose, let probability) where whose ?? client == client:
        if happens(probability) { treatment.copies *= 2 }
      case .reordering(let whose) where whose ?? client == client:
        treatment.isOrdered = false
        treatment.delay += pause(0...1000)
      case .delay(let whose, let extra) where whose ?? client == client:
        treatment.delay += extra
      case .loss, .duplication, .reordering, .delay, .damage, .partition, .workerCrash,
        .workerLeave, .brokerCrash, .clockJump, .fullDisk, .slowTraining, .hoarding,
        .eavesdropping, .pause, .eviction, .diskStop, .failingSync, .failingReads, .flippedReads,
        .workerDiskStop, .workerSync:
        break
      }
    }
    if treatment.copies == 0 { lost += 1 }
    return treatment
  }

  /// True if a step that a client has received turns out damaged.
  mutating func damagesStep(of client: Int) -> Bool {
    for fault in active {
      if case .damage(let whose, let probability) = fault.kind, whose ?? client == client,
        happens(probability)
      {
        return true
      }
    }
    return false
  }

  // MARK: Connections

  /// Has a worker try to connect soon.
  mutating func reconnect(_ client: Int) {
    schedule(.connect(client: client), at: now + pause(20...1000))
  }

  /// Connects a worker to the broker of this life, unless something is between them.
  ///
  /// - Returns: The connection, to be opened by ``open(_:)``; nil if there is one, or can't be.
  mutating func connect(_ client: Int, life: Int) -> Connection? {
    guard !connections.isOpen(client), lanes[client].cuts == 0 else { return nil }
    let connection = connections.begin(client, life: life)
    connections.establish(connection)
    lanes[client].last = Arrivals()
    return connection
  }

  /// Tells the broker what a worker listens to, and what waited for the connection.
  mutating func open(_ connection: Connection) {
    let client = connection.client
    for subscription in connections.wanted(by: client) {
      sendNotice(subscription.topic, true, on: connection)
    }
    let outbox = lanes[client].outbox
    lanes[client].outbox = []
    for message in outbox { send(message, from: client) }
  }

  /// Breaks a worker's connection; the broker notices later, and the worker tries again.
  mutating func disconnect(_ client: Int) {
    guard let connection = connections.open(of: client) else { return }
    connections.end(client)
    let time = max(now + pause(5...3000), lanes[client].last.notice)
    schedule(.lost(connection), at: time)
    reconnect(client)
  }

  /// The broker notices that a connection is gone, after all that was sent on it.
  ///
  /// - Returns: The topics that nobody listens to on it any more, in the order of their notices.
  mutating func lost(_ connection: Connection) -> [Topic] {
    connections.lost(connection).map(\.topic)
  }

  /// The broker is gone, with all connections; nobody is told.
  mutating func loseBroker() { connections.reset() }

  /// A worker's process is a new one: it wants its mailbox and announcements, and sends nothing of
  /// before.
  mutating func startAnew(_ client: Int) {
    lanes[client].outbox = []
    connections.reset(client, wanting: [Self.control(.client(client)), Self.control(.all)])
  }

  // MARK: Subscriptions

  private static func control(_ topic: Topic) -> Subscription {
    Subscription(topic, isBulk: false)
  }

  /// A worker listens to a topic from now on.
  mutating func subscribe(_ client: Int, to topic: Topic) {
    guard connections.want(Self.control(topic), by: client) else { return }
    if let connection = connections.open(of: client) { sendNotice(topic, true, on: connection) }
  }

  /// A worker no longer listens to a topic.
  mutating func unsubscribe(_ client: Int, from topic: Topic) {
    guard connections.drop(Self.control(topic), by: client) else { return }
    if let connection = connections.open(of: client) { sendNotice(topic, false, on: connection) }
  }

  private mutating func sendNotice(
    _ topic: Topic, _ isSubscription: Bool, on connection: Connection
  ) {
    let time = max(now + pause(1...100), lanes[connection.client].last.notice)
    lanes[connection.client].last.notice = time
    schedule(.notice(topic, isSubscription: isSubscription, connection), at: time)
  }

  /// The broker reads a notice.
  ///
  /// - Returns: False if it ends what never began.
  mutating func noticed(_ topic: Topic, isSubscription: Bool, on connection: Connection) -> Bool {
    guard isSubscription else {
      return connections.unsubscribed(from: Self.control(topic), on: connection)
    }
    connections.subscribed(to: Self.control(topic), on: connection)
    return true
  }

  /// The number of connections on which the broker knows of a listener to a topic.
  func listeners(to topic: Topic) -> Int { connections.count(of: Self.control(topic)) }

  // MARK: Messages

  /// Sends a client's message, now or once it is connected.
  mutating func send(_ message: Message<Uplink>, from client: Int) {
    guard let connection = connections.open(of: client) else {
      lanes[client].outbox.append(message)
      return
    }
    var treatment = treatment(of: client)
    if case .leave = message.body {
      // A worker's last words may linger while another is started in its place.
      treatment.delay += pause(0...4000)
      treatment.isOrdered = false
    }
    for _ in 0..<treatment.copies {
      var time = now + treatment.delay
      if treatment.isOrdered {
        time = max(time, lanes[client].last.up)
        lanes[client].last.up = time
      }
      schedule(.up(message, connection), at: time)
    }
  }

  /// Publishes a message to all whose subscription has come.
  mutating func publish(_ message: Message<Downlink>, under topic: Topic, onBulk: Bool) {
    let subscription = Self.control(topic)
    for client in lanes.indices {
      guard let connection = connections.open(of: client, hearing: subscription) else { continue }
      let treatment = treatment(of: client)
      for _ in 0..<treatment.copies {
        var time = now + treatment.delay
        if treatment.isOrdered, onBulk {
          time = max(time, lanes[client].last.bulk)
          lanes[client].last.bulk = time
        } else if treatment.isOrdered {
          time = max(time, lanes[client].last.control)
          lanes[client].last.control = time
        }
        schedule(.down(message, connection), at: time)
      }
    }
  }

  /// True if a client's message that was under way on a connection arrives.
  mutating func bringsUp(on connection: Connection) -> Bool {
    // What was under way when a connection broke may or may not come through.
    connections.isOpen(connection) || happens(0.5)
  }
}
