import ZeroMQ

/// The monitors of a worker's three sockets: tells why connections don't come about.
struct ConnectionWatch: ~Copyable {
  /// So many handshakes have to fail, and none succeed, before they are put down to the broker's key.
  static let hopeless = 6

  private var control: Monitor
  private var bulk: Monitor
  private var updates: Monitor
  private let isEncrypted: Bool
  private var broken = 0
  private var succeeded = 0

  /// Takes over the three monitors.
  init(
    control: consuming Monitor, bulk: consuming Monitor, updates: consuming Monitor,
    isEncrypted: Bool
  ) {
    self.control = control
    self.bulk = bulk
    self.updates = updates
    self.isEncrypted = isEncrypted
  }

  /// Has the loop's poller watch all three.
  func watch(with poller: inout Poller) {
    _ = poller.add(control)
    _ = poller.add(bulk)
    _ = poller.add(updates)
  }

  /// Why there is no hope of a connection; nil while there is.
  ///
  /// Must be called often: a monitor that isn't drained stops the I/O thread.
  mutating func drain() throws(ZMQError) -> ConnectionRefusal? {
    var refusal: ConnectionRefusal?
    while let event = try control.next() { refusal = note(event.kind) ?? refusal }
    while let event = try bulk.next() { refusal = note(event.kind) ?? refusal }
    while let event = try updates.next() { refusal = note(event.kind) ?? refusal }
    return refusal
  }

  private mutating func note(_ event: MonitorEvent.Kind) -> ConnectionRefusal? {
    switch event {
    case .handshakeSucceeded: succeeded += 1
    // libzmq doesn't try again after 400; the other answers are for later.
    case .authenticationFailed(let status): return status == 400 ? .unknownKey : nil
    case .protocolFailed(let code) where HandshakeFault(code) == .otherMechanism:
      return isEncrypted ? .encryptionUnknown : .encryptionExpected
    case .protocolFailed, .handshakeFailed:
      broken += 1
      return isEncrypted && succeeded == 0 && broken >= Self.hopeless ? .wrongBrokerKey : nil
    case .connected, .accepted, .disconnected, .retryScheduled, .listening, .closed, .other: break
    }
    return nil
  }
}
