package import Federation
import Wire
import ZeroMQ

/// The limits of one connection, and of all together, beyond which a broker cuts them.
package struct ConnectionLimits: Hashable, Sendable {
  /// The most connections, over all three sockets.
  package var connections: Int
  /// The most of them that have neither subscribed to anything nor sent a message.
  package var silentConnections: Int
  /// The time that a connection has to say something before it may be cut for another.
  package var timeToSpeak = Duration.seconds(3)
  /// The most subscriptions of one connection.
  package var subscriptions: Int
  /// The most subscriptions of one connection to topics that the protocol doesn't have.
  package var unknownTopics = 16
  /// The bytes of subscriptions that one connection may send at once.
  package var subscriptionBytes: Int
  /// The number that is added to them each second.
  package var subscriptionBytesPerSecond = 32 << 10
  /// The bytes of subscriptions that all connections may have sent of late, beyond what they may
  /// each second.
  package var allSubscriptionBytes: Int
  /// The most subscriptions of all connections together.
  package var allSubscriptions: Int
  /// The most unreadable messages of one connection.
  package var malformedMessages = 1000
  /// The bytes that one connection may have sent without completing a message.
  package var unfinishedBytes: Int
  /// The same over all connections.
  package var allUnfinishedBytes: Int
  /// The most messages without payload that one connection may send at once.
  package var burst: Int
  /// The number that is added to them each second.
  package var messagesPerSecond: Int

  /// The limits that suit a fleet of so many clients, all of which one worker may play.
  package init(clients: Int, limits: ProtocolLimits) {
    // A fifth of the descriptors is for duplicates by which connections are metered.
    connections = max(64, Context.descriptorLimit - Context.descriptorLimit / 5 - 256)
    silentConnections = connections / 2
    subscriptions = clients + 1024
    subscriptionBytes = (64 << 10) + 100 * subscriptions
    allSubscriptionBytes = (8 << 20) + (8 << 10) * clients
    allSubscriptions = 16_384 + 64 * clients
    // ZeroMQ keeps at most four messages of a connection for us, and the one that is coming in.
    unfinishedBytes = 5 * (limits.chunkBytes + (64 << 10)) + (1 << 20)
    allUnfinishedBytes = limits.bytesInFlight + (64 << 20)
    burst = 256 + 32 * clients
    messagesPerSecond = 64 + 8 * clients
  }
}
