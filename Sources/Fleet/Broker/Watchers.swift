import ZeroMQ

/// The monitors of a broker's three sockets, for the handshakes in the ledger.
struct Watchers: ~Copyable {
  private var control: Monitor
  private var bulk: Monitor
  private var updates: Monitor

  /// Takes over the three monitors.
  init(control: consuming Monitor, bulk: consuming Monitor, updates: consuming Monitor) {
    self.control = control
    self.bulk = bulk
    self.updates = updates
  }

  /// Has the loop's poller watch all three.
  func watch(with poller: inout Poller) {
    _ = poller.add(control)
    _ = poller.add(bulk)
    _ = poller.add(updates)
  }

  /// Reports what happened to connections, with the kind of the bound socket.
  ///
  /// Must be called often: a monitor that isn't drained stops the I/O thread.
  mutating func drain(_ report: (SocketKind, MonitorEvent.Kind) -> Void) throws(ZMQError) {
    while let event = try control.next() { report(.xpub, event.kind) }
    while let event = try bulk.next() { report(.xpub, event.kind) }
    while let event = try updates.next() { report(.pull, event.kind) }
  }
}
