import Measures

/// A leave to send: it lasts while bytes of the update come.
package struct Lease: Hashable, Sendable {
  /// The bytes that came since it was granted or last renewed.
  fileprivate(set) var bytes = 0
  /// The time for which too few came; nil before it is first looked at.
  fileprivate(set) var idle: Duration?

  /// A leave that was just granted.
  package init() {}
}

/// The room for updates on their way or in memory, and the queue of the clients that wait for some.
package struct UploadRoom: Hashable, Sendable {
  /// The update bytes that are granted or in memory.
  package private(set) var bytesInFlight = 0
  /// The leaves of the clients whose updates may be on their way.
  package private(set) var leases: [Int: Lease] = [:]
  /// The clients that offered an update, in the order of their offers; some no longer wait.
  private var queue: [Int] = []
  /// The first place of the queue where somebody may still wait.
  private var head = 0

  /// The clients whose updates may be on their way.
  package var receivers: Set<Int> { Set(leases.keys) }

  /// The client at the queue's head and its place; nil if nobody waits.
  package var first: (client: Int, place: Int)? { head < queue.count ? (queue[head], head) : nil }

  /// Passes over the queue's head.
  package mutating func pass() { head += 1 }

  /// The place of a client that waits from now on, behind all others.
  package mutating func enqueue(_ client: Int) -> Int {
    queue.append(client)
    return queue.count - 1
  }

  /// True if an update of `length` bytes may be sent beside the others; one beyond `limit` goes
  /// alone.
  package func admits(_ length: Int, limit: Int) -> Bool {
    bytesInFlight == 0 || bytesInFlight + length <= limit
  }

  /// Notes the bytes in flight that a change of a client's progress adds, and whether it may send.
  mutating func note(
    _ client: Int, bytes: Int, wasReceiving: Bool, isReceiving: Bool, lease: Lease = Lease()
  ) {
    bytesInFlight += bytes
    guard wasReceiving != isReceiving else { return }
    leases[client] = isReceiving ? lease : nil
  }
}

extension UploadRoom {
  /// Notes bytes of a client's update that were missing.
  mutating func received(_ count: Int, of client: Int) { leases[client]?.bytes += count }

  /// Looks at the leaves, and renews those that brought a chunk's bytes, or all that was missing.
  ///
  /// Words renew none.
  ///
  /// - Parameters:
  ///   - limits: The length of a chunk, and the time that a leave lasts without bytes.
  ///   - passed: The time since the last look, also where that was at an earlier round's leaves.
  ///   - missing: The number of bytes of a client's update that are missing.
  /// - Returns: The clients whose leaves are over, in rising order.
  mutating func lapsed(
    _ limits: ProtocolLimits, after passed: Duration, missing: (Int) -> Int
  ) -> [Int] {
    leases = leases.reduce(into: [:]) { leases, entry in
      let (client, lease) = entry
      let isRenewed =
        lease.bytes > 0 && lease.bytes >= min(limits.chunkBytes, missing(client) + lease.bytes)
      leases[client] = isRenewed ? Lease() : lease
      leases[client]?.idle = isRenewed ? .zero : lease.idle.map { $0 + passed } ?? .zero
    }
    return leases.filter { $0.value.idle ?? .zero >= limits.lease ?? limits.silence }.keys.sorted()
  }
}
