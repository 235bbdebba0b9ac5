import Federation
import Ledger
import Links
import Measures
import Server
import Wire

extension VirtualLoop {
  /// A client's first moment: it connects, or waits until its device is there.
  func enter(_ client: Int) {
    let device = clients[client].device
    if let change = device.nextChange(after: now) {
      events.insert(.availability(client), at: change)
    }
    if device.isAvailable(at: now) {
      connect(client)
    } else {
      clients[client].absence = .away
      clients[client].link.cut(.reset, at: now)
      clients[client].link.restore()
    }
  }

  /// Begins a new connection if nothing is in its way.
  private func connect(_ client: Int) {
    guard clients[client].absence.isEmpty, !clients[client].hasEnded, machine != nil,
      clients[client].link.reconnect(at: now)
    else { return }
    clients[client].connection += 1
    clients[client].incoming.removeAll()
    clients[client].inFlight = 0
    let (down, up) = books.handshakes
    // One round trip for TCP, then both sides greet at once and say that they are ready.
    let link = clients[client].link
    let roundTrip = link.down.model.profile.delay + link.up.model.profile.delay
    let greeted = clients[client].link.up.send(up, at: now).transit?.arrival ?? now
    let answered = clients[client].link.down.send(down, at: now).transit?.arrival ?? now
    events.insert(
      .connected(client, connection: clients[client].connection),
      at: max(greeted, answered) + roundTrip)
  }

  /// The handshakes are done: the sockets say what they listen to, and send what waited.
  func connected(_ client: Int, _ connection: Int) {
    guard clients[client].connection == connection, clients[client].absence.isEmpty,
      !clients[client].hasEnded, machine != nil, clients[client].link.isConnected
    else { return }
    clients[client].isConnected = true
    for socket in BrokerSocket.allCases { books.connected(socket) }
    if connection > 1 { books.reconnected(client) }
    let waiting = clients[client].outgoing
    clients[client].outgoing.removeAll()
    subscribe(client, to: .client(client), isBulk: false)
    subscribe(client, to: .client(client), isBulk: true)
    subscribe(client, to: .all, isBulk: false)
    for digest in clients[client].steps {
      subscribe(client, to: .step(digest), isBulk: true)
    }
    var rest = waiting
    while let parcel = rest.first {
      rest.removeFirst()
      // Subscriptions were told anew.
      if case .subscription = parcel.content { continue }
      sendUp(client, parcel)
    }
    if let wake = clients[client].machine.wakeTime, wake <= now { handle(.tick, for: client) }
    setTimer(of: client)
  }

  /// Ends a client's connection; the broker learns of it as the kind of end lets it.
  func disconnect(_ client: Int, _ how: Disconnect) {
    guard clients[client].link.isConnected else { return }
    let delay = clients[client].link.up.model.profile.delay
    clients[client].link.cut(how, at: now)
    clients[client].isConnected = false
    clients[client].incoming.removeAll()
    setTimer(of: client)
    let notice = how.isNoticed ? delay : Self.silenceOfConnections
    // Behind what is still on its way up.
    events.insert(
      .gone(client, connection: clients[client].connection),
      at: now + notice + (how == .clean ? .milliseconds(1) : .zero))
  }

  /// A client is away for a reason, until a time or until somebody says otherwise.
  func begin(_ reason: OfflineReason, of client: Int, until time: Duration? = nil) {
    clients[client].absence.insert(reason)
    guard let time else { return }
    clients[client].returnsDue += 1
    events.insert(.returns(client, reason), at: time)
  }

  /// A reason for being away is over: the client connects anew once no other is left.
  func end(_ reason: OfflineReason, of client: Int) {
    guard clients[client].absence.contains(reason) else { return }
    clients[client].absence.remove(reason)
    guard clients[client].absence.isEmpty else { return }
    clients[client].link.restore()
    resumeWork(of: client)
    connect(client)
  }

  /// A device comes or goes: what is short stalls the connection, what is long ends it.
  func changeAvailability(of client: Int) {
    let device = clients[client].device
    let change = device.nextChange(after: now)
    if let change { events.insert(.availability(client), at: change) }
    if device.isAvailable(at: now) { return end(.away, of: client) }
    if change == nil { isFleetToBeCounted = true }
    if let change, change - now < Self.patienceOfConnections {
      clients[client].link.stall(at: now, until: change)
      return
    }
    if clients[client].machine.task != nil { books.count("drop-out: went away") }
    disconnect(client, .reset)
    pauseWork(of: client)
    begin(.away, of: client)
  }

  /// A client's process learns how many samples it has.
  func dealSamples(to client: Int) {
    _ = clients[client].machine.handle(.dealt(samples: desk.samples(of: client)), at: now)
  }

  /// A client's process dies: all that it knew is gone, and it will be another one.
  func kill(_ client: Int) {
    disconnect(client, .reset)
    cancelWork(of: client)
    clients[client].update = nil
    clients[client].outgoing.removeAll()
    clients[client].steps = []
    clients[client].restarts += 1
    attempt { try desk.forget(client) }
    var identity = clients[client].machine.identity
    identity.attempt = clients[client].restarts
    clients[client].machine = ClientMachine(
      identity: identity, limits: plan.limits,
      jitter: run.stream("jitter", client, clients[client].restarts))
    dealSamples(to: client)
    activeClients.remove(client)
    unjoinedListeners.remove(client)
  }
}
