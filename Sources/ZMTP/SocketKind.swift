/// The messaging pattern of a socket (zmq_socket(3)).
package enum SocketKind: String, Hashable, Sendable, CaseIterable {
  case pair = "PAIR"
  case publish = "PUB"
  case subscribe = "SUB"
  case request = "REQ"
  case reply = "REP"
  case dealer = "DEALER"
  case router = "ROUTER"
  case pull = "PULL"
  case push = "PUSH"
  case xpub = "XPUB"
  case xsub = "XSUB"

  /// Whether the kind sends its routing id in the handshake.
  var announcesRoutingID: Bool {
    switch self {
    case .request, .dealer, .router: true
    case .pair, .publish, .subscribe, .reply, .pull, .push, .xpub, .xsub: false
    }
  }
}
