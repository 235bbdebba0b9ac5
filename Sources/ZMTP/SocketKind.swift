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

  /// True if the kind sends its routing id in the handshake.
  var announcesRoutingID: Bool {
    switch self {
    case .request, .dealer, .router: true
    case .pair, .publish, .subscribe, .reply, .pull, .push, .xpub, .xsub: false
    }
  }
}

/// A change of subscriptions, as an XPUB socket receives it (RFC 29/PUBSUB).
package struct SubscriptionNotice: Hashable, Sendable {
  /// The topic concerned.
  package var topic: [UInt8]
  /// True if it was subscribed to; false where a subscription ended, by wish or with the peer.
  package var isSubscription: Bool

  /// The notice that a topic was subscribed to, or no longer is.
  package init(topic: [UInt8], isSubscription: Bool) {
    self.topic = topic
    self.isSubscription = isSubscription
  }

  /// The topic as text; nil where it isn't UTF-8.
  package var text: String? { String(validating: topic, as: UTF8.self) }
}
