import CZeroMQ
import Glibc
package import Measures
package import ZMTP

/// The kernel's counts on all TCP connections of one bound socket, those that ended included.
///
/// Fed with the events of the socket's ``Monitor``. Holds a duplicate of each connection's
/// descriptor, so that the last counts can be read after libzmq has closed its own; the
/// connection's end reaches the peer when the duplicate is closed, in ``take(_:)`` of the event
/// that tells of it.
package struct ConnectionMeter: ~Copyable {
  /// Sums over connections whose handshake is complete.
  package struct Counts: Hashable, Sendable {
    /// The streams' bytes that were sent, each once.
    package var sent = ByteCount.zero
    /// The streams' bytes that were received.
    package var received = ByteCount.zero
    /// Bytes that were sent again.
    package var retransmitted = ByteCount.zero
    /// The number of connections.
    package var connections = 0
    /// The number of further connections that were gone before the kernel could be asked, or were
    /// too many.
    package var unmetered = 0
    /// The number of further connections that ended before their handshake was complete; their
    /// bytes aren't in the sums.
    package var rejected = 0

    /// Nothing counted.
    package init() {}

    fileprivate mutating func add(_ counters: TCPCounters) {
      sent += counters.uniqueBytesSent
      received += counters.bytesReceived
      retransmitted += counters.bytesRetransmitted
      connections += 1
    }
  }

  private struct Watched {
    let duplicate: CInt
    /// True if the peer has ended its stream, when last seen.
    var isEnded = false

    mutating func counters() -> TCPCounters? {
      guard let counters = TCPCounters(descriptor: duplicate, wasEnded: isEnded) else { return nil }
      isEnded = counters.isEnded
      return counters
    }
  }

  private let handshake: (sent: ByteCount, received: ByteCount)
  private let limit: Int
  private var connections: [CInt: Watched] = [:]
  private var ended = Counts()

  /// A meter for a bound socket of `kind`, whose peers are of kind `peer`, at these costs.
  ///
  /// At most `limit` connections are watched at a time; the others are counted as unmetered.
  package init(of kind: SocketKind, peer: SocketKind, cost: ZMTPCost, limit: Int) {
    handshake = (
      sent: cost.handshake(of: kind, isServer: true),
      received: cost.handshake(of: peer, isServer: false)
    )
    self.limit = limit
  }

  deinit { for connection in connections.values { close(connection.duplicate) } }

  /// Takes in what happened to a connection.
  package mutating func take(_ event: MonitorEvent) {
    guard event.endpoint.hasPrefix("tcp://") else { return }
    switch event.kind {
    case .accepted(let descriptor), .connected(let descriptor): watch(descriptor)
    case .disconnected(let descriptor): settle(descriptor)
    case .handshakeSucceeded, .handshakeFailed, .protocolFailed, .authenticationFailed,
      .retryScheduled, .listening, .closed, .other:
      break
    }
  }

  /// The sums as they are now.
  package mutating func counts() -> Counts {
    var sums = ended
    for descriptor in connections.keys {
      if let counters = connections[descriptor]?.counters(), isComplete(counters) {
        sums.add(counters)
      }
    }
    return sums
  }

  /// The number of connections that a process may watch at each of `sockets` sockets: duplicates
  /// take up to a fifth of its descriptors.
  package static func limit(sockets: Int) -> Int {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return 64 }
    return Int(min(limits.rlim_cur, 1 << 20)) / (5 * sockets)
  }

  private mutating func watch(_ descriptor: CInt) {
    settle(descriptor)
    guard connections.count < limit else {
      ended.unmetered += 1
      return
    }
    let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard duplicate >= 0 else {
      ended.unmetered += 1
      return
    }
    guard TCPCounters(descriptor: duplicate) != nil else {
      close(duplicate)  // the number is another's by now
      ended.unmetered += 1
      return
    }
    connections[descriptor] = Watched(duplicate: duplicate)
  }

  private mutating func settle(_ descriptor: CInt) {
    guard var connection = connections.removeValue(forKey: descriptor) else { return }
    defer { close(connection.duplicate) }
    guard let counters = connection.counters(), isComplete(counters) else {
      ended.rejected += 1
      return
    }
    ended.add(counters)
  }

  /// True if at least a handshake went both ways.
  private func isComplete(_ counters: TCPCounters) -> Bool {
    counters.uniqueBytesSent >= handshake.sent && counters.bytesReceived >= handshake.received
  }
}
