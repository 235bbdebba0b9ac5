import Federation
import Server
import Wire
import ZeroMQ

extension BrokerLoop {
  /// Takes in what a monitor saw of a connection.
  func noticed(_ event: MonitorEvent.Kind, at socket: BrokerSocket) {
    if let verdict = connections.note(event, at: socket, now) { cut(verdict) }
    switch event {
    case .handshakeSucceeded: books.connected(socket)
    case .authenticationFailed: refusedConnection("unknown key")
    case .protocolFailed(let code): refusedConnection("\(HandshakeFault(code))")
    case .handshakeFailed: refusedConnection("broken handshake")
    case .connected, .accepted, .disconnected, .retryScheduled, .listening, .closed, .other: break
    }
  }

  /// Ends a connection that did what it may not.
  func cut(_ verdict: ConnectionGuard.Verdict) {
    PeerConnection.cut(verdict.descriptor)
    wasCut(for: verdict.offence)
  }

  /// Counts a connection that was cut.
  func wasCut(for offence: ConnectionGuard.Offence) {
    books.count("connection cut: \(offence.rawValue)")
    log.write(.warning, "connection cut", ["reason": .text(offence.rawValue)])
  }

  /// Whether a message is within what its connection may send; otherwise it is counted, and now and then answered.
  func isWithinRate(
    _ message: Wire.Message<Uplink>, _ received: ZeroMQ.Message
  ) throws(ZMQError) -> Bool {
    if case .updateChunk = message.body { return true }  // bounded by grants
    let descriptor = received.sourceDescriptor
    guard !connections.allows(descriptor, now) else { return true }
    books.count("message beyond the rate")
    books.received(stray: received.frameSizes, on: .updates)
    if let client = message.header.client, connections.mayAnswer(descriptor, now) {
      log.write(.warning, "message beyond the rate", ["client": .number(client)])
      let header = Header(
        run: plan.run, epoch: plan.epoch, round: message.header.round,
        stage: message.header.stage, client: client)
      let answer = Downlink.refuse(
        .overloaded, retry: 1000, detail: "more messages than the broker takes from a connection")
      try perform(.send(.client(client), Message(header, answer)))
    }
    return false
  }

  private func refusedConnection(_ reason: String) {
    books.count("connection refused: \(reason)")
    log.write(.warning, "connection refused", ["reason": .text(reason)])
  }
}
