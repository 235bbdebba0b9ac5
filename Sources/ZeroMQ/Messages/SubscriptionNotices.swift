/// Which changes of subscriptions an XPUB socket receives as messages.
package enum SubscriptionNotices: Hashable, Sendable {
  /// The first subscription to a topic and the last cancellation.
  case changes
  /// Every subscription, also to topics that others have, and the last cancellation.
  case all
  /// Every subscription and every cancellation, lost peers included: the signal of presence.
  case allAndCancels
}
