import Federation
import Measures
import Wire

extension FaultSimulation {
  /// What the network does to one message.
  private struct Treatment {
    var copies = 1
    var delay: Duration
    var isOrdered = true
  }

  private func treatment(of client: Int) -> Treatment {
    var treatment = Treatment(delay: pause(2...30))
    if clients[client].silentCuts > 0 { treatment.copies = 0 }
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
        .workerLeave, .brokerCrash, .clockJump, .fullDisk, .slowTraining:
        break
      }
    }
    return treatment
  }

  /// Sends a client's message, now or once it is connected.
  func send(_ message: Message<Uplink>, from client: Int) {
    guard let connection = clients[client].connection else {
      clients[client].outbox.append(message)
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
        time = max(time, connections[connection].lastUp)
        connections[connection].lastUp = time
      }
      schedule(.up(message, connection: connection), at: time)
    }
  }

  /// Publishes a message to all whose subscription has come.
  func publish(_ message: Message<Downlink>, under topic: Topic, onBulk: Bool) {
    for client in clients.indices {
      guard let connection = clients[client].connection,
        connections[connection].known.contains(topic)
      else { continue }
      let treatment = treatment(of: client)
      for _ in 0..<treatment.copies {
        var time = now + treatment.delay
        if treatment.isOrdered, onBulk {
          time = max(time, connections[connection].lastBulk)
          connections[connection].lastBulk = time
        } else if treatment.isOrdered {
          time = max(time, connections[connection].lastControl)
          connections[connection].lastControl = time
        }
        schedule(.down(message, connection: connection), at: time)
      }
    }
  }

  /// A client's message has arrived, if the broker it was sent to is still there.
  func arrive(_ message: Message<Uplink>, on connection: Int) {
    guard broker?.life == connections[connection].epoch else { return }
    // What was under way when a connection broke may or may not come through.
    guard connections[connection].isOpen || happens(0.5) else { return }
    current = message
    tell(.message(message))
    current = nil
  }

  /// A message of the broker has arrived, if the worker is still connected.
  func arrive(_ message: Message<Downlink>, on connection: Int) {
    guard connections[connection].isOpen else { return }
    take(message, for: connections[connection].client)
  }

  /// Listens to a topic, or no longer does.
  func subscribe(_ client: Int, to topic: Topic, _ isSubscription: Bool) {
    if isSubscription {
      guard !clients[client].topics.contains(topic) else { return }
      clients[client].topics.append(topic)
    } else {
      guard let index = clients[client].topics.firstIndex(of: topic) else { return }
      clients[client].topics.remove(at: index)
    }
    guard let connection = clients[client].connection else { return }
    sendNotice(topic, isSubscription, on: connection)
  }

  private func sendNotice(_ topic: Topic, _ isSubscription: Bool, on connection: Int) {
    let time = max(now + pause(1...100), connections[connection].lastNotice)
    connections[connection].lastNotice = time
    schedule(
      .notice(topic, isSubscription: isSubscription, connection: connection), at: time)
  }

  /// The broker reads a notice.
  func notice(_ topic: Topic, _ isSubscription: Bool, _ connection: Int) {
    guard broker?.life == connections[connection].epoch else { return }
    if isSubscription {
      connections[connection].known.append(topic)
    } else {
      guard let index = connections[connection].known.firstIndex(of: topic) else { return }
      connections[connection].known.remove(at: index)
    }
    tellNotice(topic, isSubscription)
  }

  private func tellNotice(_ topic: Topic, _ isSubscription: Bool) {
    if mutation == .forgetsSecondSockets, isSubscription,
      connections.count(where: { $0.epoch == brokerLives && $0.known.contains(topic) }) > 1
    {
      return
    }
    tell(isSubscription ? .subscribed(topic) : .unsubscribed(topic))
  }

  /// The broker notices that a connection is gone, after all that was sent on it.
  func learnLoss(of connection: Int) {
    guard broker?.life == connections[connection].epoch else { return }
    let topics = connections[connection].known
    connections[connection].known = []
    for topic in topics { tellNotice(topic, false) }
  }

  /// Connects a worker, if both sides are there and nothing is between them.
  func connect(_ client: Int) {
    guard clients[client].machine != nil, clients[client].connection == nil,
      clients[client].cuts == 0, let broker
    else { return }
    let connection = connections.count
    connections.append(Connection(client: client, epoch: broker.life))
    clients[client].connection = connection
    note("client \(client) connects")
    for topic in clients[client].topics { sendNotice(topic, true, on: connection) }
    let outbox = clients[client].outbox
    clients[client].outbox = []
    for message in outbox { send(message, from: client) }
  }

  /// Breaks a worker's connection; the broker notices later, and the worker tries again.
  func disconnect(_ client: Int) {
    guard let connection = clients[client].connection else { return }
    clients[client].connection = nil
    connections[connection].isOpen = false
    let time = max(now + pause(5...3000), connections[connection].lastNotice)
    schedule(.lost(connection: connection), at: time)
    reconnect(client)
  }

  /// Has a worker try to connect soon.
  func reconnect(_ client: Int) {
    schedule(.connect(client: client), at: now + pause(20...1000))
  }
}
