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

  /// Reads a notice: one frame of 1 or 0 and the topic; nil for anything else, which a peer's XSUB may send.
  package init?(_ message: Message) {
    guard message.frameCount == 1 else { return nil }
    let bytes = message.bytes(of: 0)
    guard let flag = bytes.first, flag <= 1 else { return nil }
    isSubscription = flag == 1
    topic = Array(bytes.dropFirst())
  }

  /// The topic as text; nil where it isn't UTF-8.
  package var text: String? { String(validating: topic, as: UTF8.self) }
}
