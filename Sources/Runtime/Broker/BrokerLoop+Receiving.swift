import Bytes
import Federation
import Ledger
import Measures
import Progressive
import Server
import Wire
import ZeroMQ

/// An event that reaches the broker's loop from another thread.
enum BrokerInput: Sendable {
  /// The model of the next round is ready to be sent.
  case prepared(PreparedModel, [Digest: SharedBuffer])
  /// The model that a round came to is ready to be sent to clients that evaluate it.
  case evaluable(PreparedModel, [Digest: SharedBuffer])
  /// The normalization of the clients' samples is made and kept.
  case normalized(FederatedNormalization)
  /// An update was checked and, when accepted, stored.
  case stored(round: Int, client: Int, StoreResult)
  /// The server's queue can't go on.
  case failed(any Error)
  /// A connection was cut that subscribed too fast.
  case subscriberCut
  /// The allow-list was changed.
  case admissionsChanged
  /// Somebody asks or orders something.
  case asked(ControlQuestion)
  /// The broker is to stop.
  case stop
}

extension BrokerLoop {
  /// Takes in what reached the loop from other threads.
  func take(_ input: BrokerInput) throws {
    switch input {
    case .prepared(let model, let steps):
      publisher.steps = steps
      // A stage has ended, and with it what the meters are compared for.
      if let lastRound, lastRound == model.round - 1, model.phase.isFirstOfStep {
        meters.request(after: lastRound, at: now)
      }
      try handle(.prepared(model))
    case .evaluable(let model, let steps):
      publisher.steps = steps
      try handle(.evaluable(model))
    case .normalized(let made): try handle(.normalized(made))
    case .stored(let round, let client, let result):
      try handle(.stored(round: round, client: client, result))
    case .failed(let error): throw error
    case .subscriberCut: gate.wasCut(for: .subscriptions)
    case .admissionsChanged: try admissionsChanged()
    case .asked(let question): try answer(question)
    case .stop: try handle(.stop)
    }
  }

  /// Takes in what a client pushed: parses, books, and hands it to the machine.
  func take(_ received: ZeroMQ.Message) throws {
    gate.connections.delivered(received.sourceDescriptor, key: received.userID)
    let message: Wire.Message<Uplink>
    do {
      message = try received.uplink()
    } catch {
      gate.books.count("malformed frame: \(error.counter)")
      gate.books.received(stray: received.frameSizes)
      gate.log.write(.warning, "malformed frame", ["problem": .text(error.counter)])
      if let verdict = gate.connections.malformed(received.sourceDescriptor) {
        return gate.cut(verdict)
      }
      return try complain(of: received, error)
    }
    guard try isAuthorized(message, received) else { return }
    let isUnasked = isUnaskedChunk(message)
    guard try isWithinRate(message, received, isUnasked: isUnasked) else { return }
    if case .leave = message.body, let client = message.header.client {
      gate.log.write(.info, "client left", ["client": .number(client)])
    }
    if isUnasked {
      // No part of an update, and of no client's: only the socket carried it.
      gate.books.count("unasked chunk")
      gate.books.received(stray: received.frameSizes)
    } else {
      book(message, received)
    }
    try handle(
      .message(message, from: place(of: message, received)), carrying: ReceivedChunk(received))
    if let client = message.header.client,
      !speakers.heard(client, over: received.sourceDescriptor)
    {
      try handle(.disconnected(client: client))
    }
    if let client = message.header.client, host.awaitsUpdate(of: client) {
      gate.connections.awaitsUpdate(received.sourceDescriptor, now)
    }
  }

  /// Tells a client the fault of its message, if the sender's key may speak for the client.
  private func complain(of received: ZeroMQ.Message, _ error: WireError) throws {
    guard let fault = received.fault(error), let client = fault.header.client,
      gate.connections.allows(received.sourceDescriptor, now),
      admission.mayPlay(client, received.userID)
    else { return }
    try handle(.faulty(fault))
  }

  /// True if the sender's key may speak for the message's client; if not, it is counted, and a JOIN
  /// answered.
  private func isAuthorized(
    _ message: Wire.Message<Uplink>, _ received: ZeroMQ.Message
  ) throws -> Bool {
    switch admission.verdict(on: message, from: received.userID) {
    case .allowed: return true
    case .faulty(let problem):
      gate.books.received(stray: received.frameSizes)
      var fault = UplinkFault(header: message.header, problem: problem)
      if case .join(let join) = message.body { (fault.isJoin, fault.worker) = (true, join.worker) }
      try handle(.faulty(fault))
    case .forbidden(let detail):
      gate.books.received(stray: received.frameSizes)
      guard let client = message.header.client else { return false }
      switch message.body {
      case .join(let join):
        try handle(.forbidden(client: client, worker: join.worker, detail: detail))
      case .planWant(let worker, _):
        try handle(.forbidden(client: client, worker: worker, detail: detail))
      default:
        gate.books.count("message from a key that may not play its client")
        gate.log.write(
          .warning, "message refused", ["client": .number(client), "detail": .text(detail)])
      }
    }
    return false
  }

  /// Takes in a changed allow-list: a worker whose key may no longer play a client is told so, and
  /// loses it.
  private func admissionsChanged() throws {
    guard let workers = admission.control?.workers else { return }
    gate.log.write(
      .notice, "allow-list changed", ["workers": .number(workers.workers.count)])
    for removal in admission.removals() {
      try handle(
        .forbidden(client: removal.client, worker: removal.worker, detail: removal.detail))
    }
    // Their connections end as well: only a handshake asks for the key.
    let lost = gate.connections.connections { CurveKey(z85: $0).flatMap { workers[$0] } != nil }
    for verdict in lost { gate.cut(verdict) }
  }

  /// True if a message carries bytes that nobody asked its client for.
  private func isUnaskedChunk(_ message: Wire.Message<Uplink>) -> Bool {
    guard case .updateChunk(_, let length) = message.body else { return false }
    guard plan.isOfThisRun(message.header), let client = message.header.client else { return true }
    return !gate.asked.take(length, of: client)
  }

  /// True if a message is within what its connection may send; otherwise it is counted, and now and
  /// then answered.
  private func isWithinRate(
    _ message: Wire.Message<Uplink>, _ received: ZeroMQ.Message, isUnasked: Bool
  ) throws -> Bool {
    if case .updateChunk = message.body, !isUnasked { return true }  // bounded by grants
    let descriptor = received.sourceDescriptor
    guard !gate.connections.allows(descriptor, now) else { return true }
    gate.books.count("message beyond the rate")
    gate.books.received(stray: received.frameSizes, on: .updates)
    if let client = message.header.client, gate.connections.mayAnswer(descriptor, now) {
      gate.log.write(.warning, "message beyond the rate", ["client": .number(client)])
      let header = Header(
        run: plan.run, epoch: plan.epoch, round: message.header.round,
        stage: message.header.stage, client: client)
      let answer = Downlink.refuse(
        .overloaded, retry: 1000, detail: "more messages than the broker takes from a connection")
      try publisher.send(Message(header, answer), under: .client(client))
    }
    return false
  }

  /// The worker that asks to play a client as people know it: its name, and from where it speaks.
  private func place(
    of message: Wire.Message<Uplink>, _ received: ZeroMQ.Message
  ) -> WorkerPlace? {
    guard case .join(let join) = message.body else { return nil }
    let known = admission.name(of: received.userID, playing: message.header.client)
    // What it calls itself comes from outside: no control characters, and not too much of it.
    let own = String(join.name.printable.prefix(80))
    let name = known ?? (own.isEmpty ? WorkerSettings.name(of: join.worker) : own)
    guard let address = received.peerAddress, !address.isEmpty else {
      return WorkerPlace(name: name)
    }
    // Of ipc libzmq tells user, group and process.
    guard address.hasPrefix(":") else { return WorkerPlace(name: name, address: address) }
    return WorkerPlace(name: name, process: address.split(separator: ":").last.flatMap { Int($0) })
  }

  private func book(_ message: Wire.Message<Uplink>, _ received: ZeroMQ.Message) {
    let frames = received.frameSizes
    guard let client = message.header.client, (0..<plan.clients).contains(client) else {
      return gate.books.received(stray: frames)
    }
    var payload = 0
    if case .updateChunk(_, let length) = message.body { payload = length }
    gate.books.received(
      from: client, frames: frames,
      kind: TrafficKind(of: message), payload: payload)
  }
}
