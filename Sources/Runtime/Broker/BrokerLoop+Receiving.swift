import Federation
import Ledger
import Measures
import Progressive
import Server
import Wire
import ZeroMQ

extension BrokerLoop {
  /// Takes in what a client pushed: parses, books, and hands it to the round engine.
  func take(_ received: ZeroMQ.Message) throws(ZMQError) {
    connections.delivered(received.sourceDescriptor, key: received.userID)
    let message: Wire.Message<Uplink>
    do {
      message = try parse(received)
    } catch {
      books.count("malformed frame: \(error.counter)")
      books.received(stray: received.frameSizes)
      log.write(.warning, "malformed frame", ["problem": .text(error.counter)])
      if let verdict = connections.malformed(received.sourceDescriptor) { return cut(verdict) }
      return try complain(of: received, error)
    }
    guard try isAuthorized(message, received), try isWithinRate(message, received) else { return }
    if case .leave = message.body, let client = message.header.client {
      log.write(.info, "client left", ["client": .number(client)])
    }
    book(message, received)
    current = received
    defer { current = nil }
    try handle(.message(message, from: place(of: message, received)))
  }

  /// Tells the client that a message is of what is wrong with it, as far as its key may speak for the client.
  private func complain(of received: ZeroMQ.Message, _ error: WireError) throws(ZMQError) {
    guard (1...2).contains(received.frameCount) else { return }
    // SAFETY: the frames' bytes are read only within the closure.
    let fault = unsafe withFrames(of: received) {
      unsafe Envelope.fault(of: $0, payload: $1, error)
    }
    guard let fault, let client = fault.header.client,
      connections.allows(received.sourceDescriptor, now)
    else { return }
    if let gatekeeper {
      guard case .allowed = gatekeeper.verdict(on: received.userID, playing: client) else { return }
    }
    try handle(.faulty(fault))
  }

  private func parse(_ received: ZeroMQ.Message) throws(WireError) -> Wire.Message<Uplink> {
    guard (1...2).contains(received.frameCount) else {
      throw .frameCount(received.frameCount)
    }
    // SAFETY: the frames' bytes are read only within the closure.
    return unsafe try withFrames(of: received) { envelope, payload throws(WireError) in
      unsafe try Envelope.uplink(envelope, payload: payload)
    }
  }

  /// Calls `body` with the bytes of an envelope and of its payload, none where there is no such frame.
  private func withFrames<Result, Failure: Error>(
    of received: ZeroMQ.Message,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe try received.withUnsafeBytes(of: 0) { envelope throws(Failure) in
      guard received.frameCount == 2 else {
        return unsafe try body(envelope, .init(start: nil, count: 0))
      }
      return unsafe try received.withUnsafeBytes(of: 1) { payload throws(Failure) in
        unsafe try body(envelope, payload)
      }
    }
  }

  /// What people would call the worker that asks to play a client: its name or number, and its address.
  private func place(
    of message: Wire.Message<Uplink>, _ received: ZeroMQ.Message
  ) -> String? {
    guard case .join(let join) = message.body else { return nil }
    var name = "worker \(WorkerSettings.name(of: join.worker))"
    if let gatekeeper, let client = message.header.client,
      case .allowed(let worker) = gatekeeper.verdict(on: received.userID, playing: client)
    {
      name = "worker \(worker.name)"
    }
    guard let address = received.peerAddress, !address.isEmpty else { return name }
    // Of ipc libzmq tells user, group and process.
    guard address.hasPrefix(":") else { return "\(name) at \(address)" }
    return "\(name), process \(address.split(separator: ":").last ?? "")"
  }

  private func book(_ message: Wire.Message<Uplink>, _ received: ZeroMQ.Message) {
    let frames = received.frameSizes
    guard let client = message.header.client, (0..<plan.clients).contains(client) else {
      return books.received(stray: frames)
    }
    switch message.body {
    case .updateChunk(_, let length):
      books.received(from: client, frames: frames, kind: .update, payload: length)
    case .heartbeat:
      books.received(from: client, frames: frames, kind: .heartbeat, payload: 0)
    case .join, .want, .offer, .leave, .decline:
      books.received(from: client, frames: frames, kind: .control, payload: 0)
    }
  }

  /// Takes in what reached the loop from other threads.
  func take(_ input: BrokerInput) throws {
    switch input {
    case .prepared(let model, let steps):
      self.steps = steps
      // A stage has ended, and with it what the meters are compared for.
      if let lastRound, lastRound == model.round - 1, model.phase.isFirstOfStep {
        meters.request(after: lastRound, at: now)
      }
      try handle(.prepared(model))
    case .stored(let round, let client, let result):
      try handle(.stored(round: round, client: client, result))
    case .failed(let error): throw error
    case .subscriberCut: wasCut(for: .subscriptions)
    case .admissionsChanged: try admissionsChanged()
    case .stop: try handle(.stop)
    }
  }
}
