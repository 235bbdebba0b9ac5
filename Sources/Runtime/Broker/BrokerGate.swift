import Federation
import Ledger
import Measures
import Server
import ZMTP
import ZeroMQ

/// The watch over a broker's connections: books and logs their traffic, and cuts those that go
/// beyond their limits.
final class BrokerGate {
  /// The books of all that crosses the sockets.
  var books: BrokerBooks
  /// The limits of connections, and how far each has used them up.
  var connections: ConnectionGuard
  /// The bytes of updates that clients were asked for.
  var asked = AskedBytes()
  /// The log of the run's events.
  let log: RunLog

  /// A gate without connections.
  init(_ mechanism: ZMTPCost.Mechanism, limits: ConnectionLimits, log: RunLog) {
    books = BrokerBooks(mechanism)
    connections = ConnectionGuard(limits)
    self.log = log
  }

  /// Takes in what a monitor saw of a connection.
  func noticed(_ event: MonitorEvent.Kind, at socket: BrokerSocket, _ now: Duration) {
    if let verdict = connections.note(event, at: socket, now) { cut(verdict) }
    switch event {
    case .handshakeSucceeded: books.connected(socket)
    case .authenticationFailed: refusedConnection("unknown key")
    case .protocolFailed(let code): refusedConnection("\(HandshakeFault(code))")
    case .handshakeFailed: refusedConnection("broken handshake")
    case .connected, .accepted, .disconnected, .retryScheduled, .listening, .closed, .other: break
    }
  }

  private func refusedConnection(_ reason: String) {
    books.count("connection refused: \(reason)")
    log.write(.warning, "connection refused", ["reason": .text(reason)])
  }

  /// Takes in a subscription, or its end, that came over a connection.
  func noticed(
    _ notice: SubscriptionNotice, in message: ZeroMQ.Message, isKnown: Bool, at socket: BrokerSocket
  ) {
    // The end of a connection is told without the peer's address; within a process nobody has one.
    let wasSent = notice.isSubscription || message.peerAddress != nil
    books.noticed(notice, on: socket, wasSent: wasSent)
    let verdict = connections.subscribed(
      message.sourceDescriptor, key: message.userID, isSubscription: notice.isSubscription,
      isKnown: isKnown, at: socket)
    if let verdict { cut(verdict) }
  }

  /// Cuts the connections that send messages without an end.
  func inspect(_ now: Duration) {
    for verdict in connections.inspect(now) { cut(verdict) }
  }

  /// Ends a connection that went beyond its limits.
  func cut(_ verdict: ConnectionGuard.Verdict) {
    PeerConnection.cut(verdict.descriptor)
    wasCut(for: verdict.offence)
  }

  /// Counts a connection that was cut.
  func wasCut(for offence: ConnectionGuard.Offence) {
    books.count("connection cut: \(offence.rawValue)")
    log.write(.warning, "connection cut", ["reason": .text(offence.rawValue)])
  }
}
