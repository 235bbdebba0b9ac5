import Federation
import Ledger
import Links
import Measures
import Server
import Wire
import ZMTP

extension VirtualLoop {
  /// Hands a parcel to the broker's socket, or puts it behind the chunks that wait for the same client.
  func sendDown(_ client: Int, _ parcel: SimulatedMessage, isBulk: Bool) {
    guard isBulk else { return transmitDown(client, parcel, isBulk: false) }
    clients[client].incoming.append(parcel)
    pump(client)
  }

  /// Lets as many chunks go as keep a client's link activeClients.
  ///
  /// What is beyond waits in the broker's queue, so that a slow client doesn't hold up what others share.
  private func pump(_ client: Int) {
    while clients[client].inFlight < clients[client].window,
      let parcel = clients[client].incoming.first
    {
      clients[client].incoming.removeFirst()
      clients[client].inFlight += 1
      transmitDown(client, parcel, isBulk: true)
    }
  }

  private func transmitDown(_ client: Int, _ parcel: SimulatedMessage, isBulk: Bool) {
    let size = ByteCount(parcel.wire)
    var (first, last) = (now, now)
    if network.broker != nil {
      guard let transit = network.broker?.down.send(size, at: now).transit else {
        return lose(client, isBulk: isBulk)
      }
      (first, last) = (transit.firstArrival, transit.arrival)
    }
    if let place = clients[client].bottleneck {
      let delivery = network.bottlenecks[place].down.send(
        size, firstByteAt: first, lastByteAt: last)
      guard let transit = delivery.transit else { return lose(client, isBulk: isBulk) }
      (first, last) = (transit.firstArrival, transit.arrival)
    }
    lastHop(client, parcel, first: first, last: last, isBulk: isBulk)
  }

  /// A parcel comes to a client's own link.
  func lastHop(
    _ client: Int, _ parcel: SimulatedMessage, first: Duration, last: Duration, isBulk: Bool
  ) {
    let delivery = clients[client].link.down.send(
      ByteCount(parcel.wire), firstByteAt: first, lastByteAt: last)
    switch delivery {
    case .carried(let transit):
      resent += transit.retransmitted
      events.insert(.arriveDown(client, parcel, transit, isBulk: isBulk), at: transit.arrival)
    case .refused(let time):
      events.insert(
        .lastHopDown(
          client, parcel, isBulk: isBulk, connection: clients[client].connection),
        at: time)
    case .dropped, .vanished, .disconnected: lose(client, isBulk: isBulk)
    }
  }

  private func lose(_ client: Int, isBulk: Bool) {
    books.count("message lost on its way down")
    guard isBulk else { return }
    clients[client].inFlight -= 1
    // The next ones go the same way, but not within the same breath.
    if clients[client].isConnected { pump(client) }
  }

  /// A parcel's planned arrival at a client.
  func arriveDown(_ client: Int, _ parcel: SimulatedMessage, _ transit: Transit, isBulk: Bool) {
    switch clients[client].link.down.confirm(transit) {
    case .later(let transit):
      events.insert(.arriveDown(client, parcel, transit, isBulk: isBulk), at: transit.arrival)
      return
    case .lost:
      // The connection's queue went with it.
      return books.count("message lost on its way down")
    case .arrived: break
    }
    if isBulk {
      clients[client].inFlight -= 1
      pump(client)
    }
    guard !clients[client].hasEnded, case .downlink(let message) = parcel.content else { return }
    handle(.message(message), for: client)
  }

  /// Hands a parcel to a client's socket: it goes when there is a connection with a place for it.
  func sendUp(_ client: Int, _ parcel: SimulatedMessage) {
    clients[client].outgoing.append(parcel)
    flush(client)
  }

  /// Sends what waits at a client, in its order.
  func flush(_ client: Int) {
    while clients[client].isConnected, let parcel = clients[client].outgoing.first {
      switch clients[client].link.up.send(ByteCount(parcel.wire), at: now) {
      case .carried(let transit):
        resent += transit.retransmitted
        leaveOwnLink(client, parcel, transit)
      case .refused(let time):
        events.insert(.flushUp(client), at: time)
        return
      case .disconnected: return
      case .dropped, .vanished:
        books.count("message lost on its way up")
        book(lost: parcel, of: client)
      }
      clients[client].outgoing.removeFirst()
    }
  }

  private func leaveOwnLink(_ client: Int, _ parcel: SimulatedMessage, _ transit: Transit) {
    let isShared = clients[client].bottleneck != nil
    guard isShared || network.broker != nil else {
      events.insert(.arriveUp(client, parcel, transit), at: transit.arrival)
      return
    }
    events.insert(
      .hopUp(client, parcel, own: transit, last: transit, isLast: !isShared),
      at: transit.firstArrival)
  }

  /// A parcel's first byte comes to a link that is shared: the neighbours' first, the broker's last.
  func hopUp(_ client: Int, _ parcel: SimulatedMessage, own: Transit, last: Transit, isLast: Bool) {
    let delivery: Delivery?
    if !isLast, let place = clients[client].bottleneck {
      delivery = network.bottlenecks[place].up.forward(last)
    } else {
      delivery = network.broker?.up.forward(last)
    }
    guard let transit = delivery?.transit else {
      books.count("message lost on its way up")
      return book(lost: parcel, of: client)
    }
    if !isLast, network.broker != nil {
      events.insert(
        .hopUp(client, parcel, own: own, last: transit, isLast: true),
        at: transit.firstArrival)
    } else {
      events.insert(.arriveUp(client, parcel, own), at: transit.arrival)
    }
  }

  /// A parcel's planned arrival at the broker.
  func arriveUp(_ client: Int, _ parcel: SimulatedMessage, _ transit: Transit) {
    switch clients[client].link.up.confirm(transit) {
    case .later(let transit):
      events.insert(.arriveUp(client, parcel, transit), at: transit.arrival)
    case .lost:
      books.count("message lost on its way up")
      book(lost: parcel, of: client)
    case .arrived: receive(parcel, from: client)
    }
  }

  /// What was sent and never arrived was offered, not delivered.
  private func book(lost parcel: SimulatedMessage, of client: Int) {
    guard case .uplink = parcel.content else { return }
    books.received(
      from: client, frames: parcel.frames, kind: parcel.kind, payload: parcel.payload, as: .offered)
  }

  /// Tells the broker that a client's socket listens to a topic; told anew after each reconnection.
  func subscribe(_ client: Int, to topic: Topic, isBulk: Bool) {
    guard clients[client].isConnected else { return }
    sendUp(
      client,
      SimulatedMessage(
        .subscription(topic, isBulk: isBulk, isSubscription: true), frames: [], kind: .control,
        wire: cost.subscribe(topic: topic.text.utf8.count).bytes))
  }

  /// Tells the broker that a client's socket no longer listens to a topic.
  func unsubscribe(_ client: Int, from topic: Topic, isBulk: Bool) {
    guard clients[client].isConnected else { return }
    sendUp(
      client,
      SimulatedMessage(
        .subscription(topic, isBulk: isBulk, isSubscription: false), frames: [], kind: .control,
        wire: cost.cancel(topic: topic.text.utf8.count).bytes))
  }
}
