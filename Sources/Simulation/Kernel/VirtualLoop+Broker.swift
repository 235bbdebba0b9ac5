import Bytes
import Federation
import Ledger
import Links
import Measures
import Progressive
import Server
import Wire
import ZMTP

extension VirtualLoop {
  /// Hands an event to the broker's machine, does what it answers, and sets its timer.
  func handle(_ event: BrokerEvent) {
    guard let actions = machine?.handle(event, at: now) else { return }
    for action in actions { perform(action) }
    setTimer()
  }

  private func setTimer() {
    guard let wake = machine?.wakeTime else {
      timerTime = nil
      timer += 1
      return
    }
    let time = events.moment(of: wake)
    guard time != timerTime else { return }
    timer += 1
    timerTime = time
    events.insert(.brokerWake(timer), at: time)
  }

  private func answer(_ event: BrokerEvent) {
    events.insert(.brokerResult(event, epoch: plan.epoch), at: now)
  }

  private func perform(_ action: BrokerAction) {
    switch action {
    case .send(let topic, let message): send(topic, message)
    case .prepare(let round):
      if round != currentRound { stored = [:] }
      currentRound = round
      attempt { answer(.prepared(try desk.prepare(round: round))) }
    case .broadcast(let round, let broadcasts): broadcast(broadcasts, round: round)
    case .repair(let round, let client, let step, let ranges):
      repair(step, ranges, for: client, round: round)
    case .reserve(let client, _): uploads[client] = nil
    case .receive: break  // the chunk names its update, which is kept when it arrives
    case .store(let round, let client, let attempt, let submission):
      guard let update = uploads.removeValue(forKey: client) else { return }
      self.attempt {
        let result = try desk.store(
          round: round, client: client, attempt: attempt, submission, update)
        if result == .accepted {
          stored[client] = submission
          timeline.accepted(client, clients[client].progress, at: now)
        }
        answer(.stored(round: round, client: client, result))
      }
    case .release(let client): uploads[client] = nil
    case .close(let result): close(result)
    case .count(let name): books.count(name)
    case .notice(let notice):
      if case .opened(let round, _, _) = notice { opened(round) }
      if case .gaveUp(let shortage, _) = notice { gaveUp(shortage) }
      if !desk.isReplaying { observer.noticed(notice) }
    case .finished(let complete): result = complete
    }
  }

  private func opened(_ round: Int) {
    timeline = RoundTimeline(opened: now)
    isFleetToBeCounted = true
    // A round that a restarted broker opens again doesn't begin a second time.
    guard round > lastOpened else { return }
    lastOpened = round
    let due = faults.begin(round: round - 1, at: now)
    guard !due.isEmpty else { return }
    dueFaults += due
    events.insert(.fault, at: now)
  }

  private func close(_ result: RoundResult) {
    countStragglers(of: result)
    if resent > 0 { books.count("segment sent again", by: resent) }
    resent = 0
    let timing = timeline.timing(until: now)
    let book = books.close()
    attempt {
      try desk.close(
        ClosedRound(
          result: result, book: book, total: books.total, elapsed: now, timing: timing))
    }
  }

  /// Counts what those whose updates didn't come in time were doing.
  private func countStragglers(of result: RoundResult) {
    for (client, outcome) in result.outcomes {
      switch outcome {
      case .accepted, .refused, .declined, .carried, .surplus: continue
      case .late, .lost:
        books.count("straggler: \(activity(of: client, in: result.round))")
      }
    }
  }

  private func activity(of client: Int, in round: Int) -> String {
    let state = clients[client]
    if state.absence.contains(.droppedOut) { return "dropped out" }
    if state.absence.contains(.killed) { return "killed" }
    if state.absence.contains(.cut) { return "cut off" }
    if state.absence.contains(.away) { return "away" }
    switch state.machine.state {
    case .fetching: return "downloading"
    case .training: return "training"
    case .offering: return "uploading"
    case .idle, .ended: return "not reached"
    }
  }

  private func send(_ topic: Topic, _ message: Wire.Message<Downlink>) {
    let text = topic.text
    let frames = [text.utf8.count, Envelope.frame(message).count]
    let parcel = SimulatedMessage(
      .downlink(message), frames: frames, kind: .control, wire: cost.message(frames).bytes)
    switch topic {
    case .client(let client):
      let isHeard = hears(client, topic, isBulk: false)
      if case .welcome = message.body, isHeard { books.greeted(client) }
      books.published(
        text, on: .control, frames: frames, kind: .control, payload: 0, to: [client],
        as: isHeard ? .both : .offered)
      if isHeard { sendDown(client, parcel, isBulk: false) }
    case .all, .step:
      books.announced(text, frames: frames, clients: machine?.presentCount ?? 0)
      announce(parcel, message)
    }
  }

  /// Sends a message to all to those for whom it changes anything; the others' links aren't troubled.
  private func announce(_ parcel: SimulatedMessage, _ message: Wire.Message<Downlink>) {
    var addressed = activeClients.union(unjoinedListeners)
    switch message.body {
    case .announce(let announce) where announce.state == .open:
      addressed.formUnion(announce.selected)
    case .finished: addressed = Set(clients.indices)
    default: break
    }
    let idle = (machine?.presentCount ?? 0) - addressed.count
    if idle > 0, network.broker != nil {
      // They take their part of the broker's link, up to what a publisher's queue holds.
      let size = ByteCount(parcel.wire * idle)
      if (network.broker?.down.waiting(at: now) ?? .zero).bytes < 64 << 20 {
        _ = network.broker?.down.send(size, at: now)
      }
    }
    for client in addressed.sorted() where !clients[client].hasEnded {
      guard hears(client, .all, isBulk: false) else { continue }
      sendDown(client, parcel, isBulk: false)
    }
  }

  private func broadcast(_ broadcasts: [Broadcast], round: Int) {
    // Chunk by chunk, so that all who listen are served at the same pace.
    for broadcast in broadcasts {
      let topic = Topic.step(broadcast.step.digest)
      for client in broadcast.clients { books.listened(client, to: topic.text) }
      let addressed = listeners[topic] ?? []
      let known = Set(addressed)
      let unheard = broadcast.clients.filter { !known.contains($0) }
      forEachChunk(
        of: broadcast.step, 0..<broadcast.step.length, header: header(round), topic: topic,
        kind: broadcast.step.from == nil ? .keyframe : .delta
      ) { parcel in
        books.published(
          topic.text, on: .bulk, frames: parcel.frames, kind: parcel.kind, payload: parcel.payload,
          to: addressed)
        if !unheard.isEmpty {
          books.published(
            topic.text, on: .bulk, frames: parcel.frames, kind: parcel.kind,
            payload: parcel.payload,
            to: unheard, as: .offered)
        }
        for client in addressed { sendDown(client, parcel, isBulk: true) }
      }
    }
  }

  private func repair(_ step: ModelPatch, _ ranges: [Range<Int>], for client: Int, round: Int) {
    var header = header(round)
    header.client = client
    let topic = Topic.client(client)
    let isHeard = hears(client, topic, isBulk: true)
    for range in ranges {
      forEachChunk(of: step, range, header: header, topic: topic, kind: .repair) { parcel in
        books.published(
          topic.text, on: .bulk, frames: parcel.frames, kind: .repair, payload: parcel.payload,
          to: [client], as: isHeard ? .both : .offered)
        if isHeard { sendDown(client, parcel, isBulk: true) }
      }
    }
  }

  private func forEachChunk(
    of step: ModelPatch, _ range: Range<Int>, header: Header, topic: Topic,
    kind: TrafficKind, _ body: (SimulatedMessage) -> Void
  ) {
    let size = plan.limits.chunkBytes
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let chunk = start..<min(start + size, range.upperBound)
      let message = Wire.Message(
        header,
        Downlink.modelChunk(
          step: step.digest.prefix, offset: start, length: chunk.count))
      let frames = [topic.text.utf8.count, Envelope.frame(message).count, chunk.count]
      body(
        SimulatedMessage(
          .downlink(message), frames: frames, kind: kind, payload: chunk.count,
          wire: cost.message(frames).bytes))
    }
  }

  private func header(_ round: Int) -> Header {
    Header(
      run: plan.run, epoch: plan.epoch, round: round, stage: machine?.stage(of: round) ?? 0)
  }

  /// Whether the broker's socket knows that a client listens to a topic.
  func hears(_ client: Int, _ topic: Topic, isBulk: Bool) -> Bool {
    machine != nil
      && clients[client].hearings.contains { hearing in
        hearing.topics.contains { $0.topic == topic && $0.isBulk == isBulk }
      }
  }

  /// A parcel of a client has reached the broker.
  func receive(_ parcel: SimulatedMessage, from client: Int) {
    switch parcel.content {
    case .downlink: return
    case .subscription(let topic, let isBulk, let isSubscription):
      noticed(topic, isBulk: isBulk, isSubscription: isSubscription, of: client)
    case .uplink(let message, let update):
      books.received(
        from: client, frames: parcel.frames, kind: parcel.kind, payload: parcel.payload)
      if case .updateChunk = message.body, let update { uploads[client] = update }
      handle(.message(message))
    }
  }

  /// A subscription or its end has reached the broker's socket.
  private func noticed(_ topic: Topic, isBulk: Bool, isSubscription: Bool, of client: Int) {
    books.noticed(
      topic.text, of: topic.text.utf8.count, on: isBulk ? .bulk : .control,
      isSubscription: isSubscription, wasSent: true)
    let connection = clients[client].connection
    if isSubscription {
      var place = clients[client].hearings.firstIndex { $0.connection == connection }
      if place == nil {
        place = clients[client].hearings.count
        clients[client].hearings.append(
          VirtualClient.ConnectionSubscriptions(connection: connection))
      }
      if let place { clients[client].hearings[place].topics.append((topic, isBulk)) }
    } else {
      for place in clients[client].hearings.indices
      where clients[client].hearings[place].connection == connection {
        clients[client].hearings[place].topics.removeAll {
          $0.topic == topic && $0.isBulk == isBulk
        }
      }
    }
    if topic == .all, isSubscription, clients[client].machine.membership?.epoch != plan.epoch {
      unjoinedListeners.insert(client)
    }
    tell(topic, isBulk: isBulk, isSubscription: isSubscription, of: client)
  }

  /// Tells the broker's machine of what its sockets heard, as far as it is concerned.
  private func tell(_ topic: Topic, isBulk: Bool, isSubscription: Bool, of client: Int) {
    if case .step = topic {
      listen(client, to: topic, isSubscription)
      guard isBulk else { return }
    }
    if case .client = topic, isBulk { return }
    handle(isSubscription ? .subscribed(topic) : .unsubscribed(topic))
  }

  private func listen(_ client: Int, to topic: Topic, _ isSubscription: Bool) {
    var known = listeners[topic] ?? []
    var (place, end) = (known.startIndex, known.endIndex)
    while place < end {
      let middle = (place + end) / 2
      if known[middle] < client { place = middle + 1 } else { end = middle }
    }
    let isKnown = place < known.endIndex && known[place] == client
    if isSubscription, !isKnown { known.insert(client, at: place) }
    if !isSubscription, isKnown { known.remove(at: place) }
    listeners[topic] = known.isEmpty ? nil : known
  }

  /// The broker's sockets learn that a connection is gone, and with it all that it listened to.
  func gone(_ client: Int, _ connection: Int) {
    let lost = clients[client].hearings.filter { $0.connection == connection }
    clients[client].hearings.removeAll { $0.connection == connection }
    for hearing in lost {
      for (topic, isBulk) in hearing.topics {
        books.noticed(
          topic.text, of: topic.text.utf8.count, on: isBulk ? .bulk : .control,
          isSubscription: false, wasSent: false)
        tell(topic, isBulk: isBulk, isSubscription: false, of: client)
      }
    }
  }
}
