import Federation
import Ledger
import LocalTraining
import Wire
import ZeroMQ

extension WorkerLoop {
  /// Takes in a published message: to all, to one client, or chunks of a segment.
  func take(_ received: ZeroMQ.Message) throws {
    guard (2...3).contains(received.frameCount), let text = received.text(of: 0),
      let topic = Topic(text), let message = parse(received)
    else {
      unreadable += 1
      return
    }
    switch topic {
    case .client(let client):
      guard message.header.client == client else { return }
      try deliver(message, received, to: [client])
    case .all: try deliver(message, received, to: settings.clients)
    case .step: try deliver(message, received, to: settings.clients)
    }
  }

  private func parse(_ received: ZeroMQ.Message) -> Wire.Message<Downlink>? {
    // SAFETY: the frames' bytes are read only within the closures.
    unsafe received.withUnsafeBytes(of: 1) { envelope in
      guard received.frameCount == 3 else {
        return unsafe try? Envelope.downlink(envelope, payload: .init(start: nil, count: 0))
      }
      return unsafe received.withUnsafeBytes(of: 2) { payload in
        unsafe try? Envelope.downlink(envelope, payload: payload)
      }
    }
  }

  private func deliver(
    _ message: Wire.Message<Downlink>, _ received: ZeroMQ.Message, to clients: [Int]
  ) throws {
    var event = ClientEvent.message(message)
    if case .modelChunk(let step, let offset, _) = message.body {
      // SAFETY: the payload is read only within the closure.
      let outcome = unsafe received.withUnsafeBytes(of: 2) { payload in
        unsafe store.put(step, offset: offset, payload)
      }
      switch outcome {
      case .kept: KillPoint.chunkReceived.pass()
      case .damaged(let digest): event = .damaged(digest)
      case .unwanted: return
      }
    }
    for client in clients { try handle(event, for: client) }
  }
}
