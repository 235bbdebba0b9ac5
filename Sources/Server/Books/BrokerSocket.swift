import ZMTP

/// Which of the broker's three sockets.
package enum BrokerSocket: String, CaseIterable, Sendable {
  /// The XPUB of announcements and mailboxes.
  case control
  /// The XPUB of model chunks.
  case bulk
  /// The PULL of updates.
  case updates

  /// The socket's kind, and that of the workers' sockets that connect to it.
  var kinds: (own: SocketKind, peer: SocketKind) {
    switch self {
    case .control, .bulk: (.xpub, .subscribe)
    case .updates: (.pull, .push)
    }
  }
}
