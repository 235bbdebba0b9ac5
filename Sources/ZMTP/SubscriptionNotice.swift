/// A change of subscriptions, as an XPUB socket receives it (RFC 29/PUBSUB).
package struct SubscriptionNotice: Hashable, Sendable {
  /// The topic concerned.
  package var topic: [UInt8]
  /// Whether it was subscribed to; false where a subscription ended, by wish or with the peer.
  package var isSubscription: Bool

  /// The notice that a topic was subscribed to, or no longer is.
  package init(topic: [UInt8], isSubscription: Bool) {
    self.topic = topic
    self.isSubscription = isSubscription
  }

  /// The topic as text; nil where it isn't UTF-8.
  package var text: String? { String(validating: topic, as: UTF8.self) }
}
