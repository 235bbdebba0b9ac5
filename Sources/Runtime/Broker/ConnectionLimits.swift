package import Federation
import Wire
package import ZMTP
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
  /// The same for one from which no update is awaited.
  package var unexpectedBytes: Int
  /// The time after an offer or a chunk for which more of the update is awaited: for as long as it
  /// may count.
  ///
  /// The next chunk takes as long as the link needs for it, which is minutes at 1 kB/s: what has
  /// come in until then is no reason to cut the connection.
  package var timeToUpload: Duration
  /// The bytes of memory that all connections may take without completing a message.
  package var allUnfinishedBytes: Int
  /// The bytes of memory that one byte of a connection can take from which no update is awaited.
  package var memoryPerByte: Int
  /// The most messages without payload that one connection may send at once.
  package var burst: Int
  /// The number that is added to them each second.
  package var messagesPerSecond: Int

  /// The memory that ZeroMQ takes for each frame of a message that isn't complete.
  private static let frameMemory = 64
  /// The fewest bytes that a frame has on the wire, by the mechanism of the connection.
  private static let leastFrame: [ZMTPCost.Mechanism: Int] = [.null: 2, .curve: 35]

  /// The limits that suit a fleet of so many clients, all of which one worker may play, and whose
  /// updates count `uploadTime` after they were asked for at the latest.
  package init(
    clients: Int, limits: ProtocolLimits, uploadTime: Duration = .zero,
    mechanism: ZMTPCost.Mechanism = .null
  ) {
    timeToUpload = max(.seconds(60), uploadTime)
    // A fifth of the descriptors is for duplicates by which connections are metered.
    connections = max(64, Context.descriptorLimit - Context.descriptorLimit / 5 - 256)
    silentConnections = connections / 2
    subscriptions = clients + 1024
    subscriptionBytes = (64 << 10) + 100 * subscriptions
    allSubscriptionBytes = (8 << 20) + (8 << 10) * clients
    allSubscriptions = 16_384 + 64 * clients
    // ZeroMQ keeps at most four messages of a connection for us, and the one that is coming in.
    unfinishedBytes = 5 * (limits.chunkBytes + (64 << 10)) + (1 << 20)
    // A chunk on its way, and the messages before it; what is awaited comes in long frames.
    unexpectedBytes = limits.chunkBytes + (128 << 10)
    memoryPerByte = (Self.frameMemory + 1) / (Self.leastFrame[mechanism] ?? 2)
    allUnfinishedBytes = limits.bytesInFlight + (64 << 20)
    burst = 256 + 32 * clients
    messagesPerSecond = 64 + 8 * clients
  }

  /// The connections that are to be cut, the costliest first, as they alone or all together have
  /// sent too much of messages that aren't complete.
  package func excess(of unfinished: [Unfinished]) -> [CInt] {
    func memory(_ connection: Unfinished) -> Int {
      connection.bytes * (connection.isAwaited ? 1 : memoryPerByte)
    }
    var all = unfinished.reduce(0) { $0 + memory($1) }
    var excess: [CInt] = []
    for connection in unfinished.sorted(by: { memory($0) > memory($1) }) {
      let limit = connection.isAwaited ? unfinishedBytes : unexpectedBytes
      guard connection.bytes > limit || all > allUnfinishedBytes else { continue }
      all -= memory(connection)
      excess.append(connection.descriptor)
    }
    return excess
  }
}

/// A connection that has sent a part of a message.
package struct Unfinished: Hashable, Sendable {
  /// Its descriptor.
  package var descriptor: CInt
  /// The bytes of what isn't complete.
  package var bytes: Int
  /// True if an update is awaited from it, whose frames are as long as chunks.
  package var isAwaited: Bool

  /// A connection of these values.
  package init(descriptor: CInt, bytes: Int, isAwaited: Bool) {
    self.descriptor = descriptor
    self.bytes = bytes
    self.isAwaited = isAwaited
  }
}
