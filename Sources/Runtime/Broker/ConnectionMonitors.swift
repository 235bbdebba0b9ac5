import Ledger
import Measures
import Server
import ZMTP
import ZeroMQ

/// The monitors of a broker's three sockets: handshakes for the ledger, and the kernel's own count
/// beside it.
struct ConnectionMonitors: ~Copyable {
  private var control: Monitor
  private var bulk: Monitor
  private var updates: Monitor
  private var controlMeter: ConnectionMeter
  private var bulkMeter: ConnectionMeter
  private var updatesMeter: ConnectionMeter
  private var last = Snapshot()

  /// The counts of both meters for each socket at one moment.
  struct Snapshot {
    fileprivate var ledger: [BrokerSocket: TwoWayTraffic] = [:]
    fileprivate var kernel: [BrokerSocket: ConnectionMeter.Counts] = [:]
  }

  /// Takes over the three monitors.
  init(
    control: consuming Monitor, bulk: consuming Monitor, updates: consuming Monitor, cost: ZMTPCost
  ) {
    self.control = control
    self.bulk = bulk
    self.updates = updates
    let limit = ConnectionMeter.limit(sockets: 3)
    controlMeter = ConnectionMeter(of: .xpub, peer: .subscribe, cost: cost, limit: limit)
    bulkMeter = ConnectionMeter(of: .xpub, peer: .subscribe, cost: cost, limit: limit)
    updatesMeter = ConnectionMeter(of: .pull, peer: .push, cost: cost, limit: limit)
  }

  /// Has the loop's poller watch all three.
  func watch(with poller: inout Poller) {
    _ = poller.add(control)
    _ = poller.add(bulk)
    _ = poller.add(updates)
  }

  /// Reports what happened to connections, with the socket that it happened at.
  ///
  /// Must be called often: a monitor that isn't drained stops the I/O thread.
  mutating func drain(_ report: (BrokerSocket, MonitorEvent.Kind) -> Void) throws(ZMQError) {
    while let event = try control.next() {
      controlMeter.take(event)
      report(.control, event.kind)
    }
    while let event = try bulk.next() {
      bulkMeter.take(event)
      report(.bulk, event.kind)
    }
    while let event = try updates.next() {
      updatesMeter.take(event)
      report(.updates, event.kind)
    }
  }

  /// The counts of both meters now; nil where there were no TCP connections.
  mutating func page(_ books: BrokerBooks) -> Snapshot? {
    let kernel: [BrokerSocket: ConnectionMeter.Counts] = [
      .control: controlMeter.counts(), .bulk: bulkMeter.counts(),
      .updates: updatesMeter.counts(),
    ]
    guard kernel.values.contains(where: { $0.connections + $0.unmetered > 0 }) else { return nil }
    return Snapshot(ledger: books.sockets, kernel: kernel)
  }

  /// The counts of both meters from the last page that was turned to this one.
  func reading(of page: Snapshot) -> MeterReading {
    var lines: [MeterReading.Line] = []
    for socket in BrokerSocket.allCases {
      let (now, before) = (page.kernel[socket] ?? .init(), last.kernel[socket] ?? .init())
      let booked = (page.ledger[socket] ?? .zero) - (last.ledger[socket] ?? .zero)
      lines += [
        MeterReading.Line(
          socket: socket.rawValue, direction: .down, ledger: booked.down.wire,
          kernel: now.sent - before.sent,
          retransmitted: now.retransmitted - before.retransmitted),
        MeterReading.Line(
          socket: socket.rawValue, direction: .up, ledger: booked.up.wire,
          kernel: now.received - before.received),
      ]
    }
    let counts = page.kernel.values
    return MeterReading(
      connections: counts.map(\.connections).reduce(0, +),
      unmetered: counts.map(\.unmetered).reduce(0, +),
      rejected: counts.map(\.rejected).reduce(0, +), lines: lines)
  }

  /// Later readings count from this page on.
  mutating func advance(_ page: Snapshot) { last = page }
}
