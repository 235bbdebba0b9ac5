public import Measures

/// The traffic of one round while it goes on: a value in memory that is booked at each socket call.
///
/// A booking is one look-up and some additions. What belongs to no single client, such as the
/// announcements to a hundred thousand of them, is booked once with its count.
public struct RoundBook: Hashable, Sendable {
  /// The counts of events by name: "malformed frame".
  public private(set) var counters: [String: Int] = [:]
  private var entries: [Key: Entry] = [:]

  /// An empty book.
  public init() {}

  /// Adds `count` messages of together `payload` and `wire` bytes; no client where they belong to
  /// none alone.
  public mutating func book(
    _ view: View, client: Int?, _ direction: Direction, _ kind: TrafficKind,
    payload: ByteCount = .zero, wire: ByteCount, count: Int = 1, as standing: DeliveryStatus = .both
  ) {
    precondition(
      payload.bytes >= 0 && wire.bytes >= 0 && count >= 0,
      "\(count) messages of \(payload.bytes) in \(wire.bytes) bytes")
    let key = Key(view: view, client: client, direction: direction, kind: kind)
    let traffic = Traffic(payload: payload, wire: wire)
    entries[key, default: Entry()].add(traffic, count: count, as: standing)
  }

  /// Takes back that `count` messages were delivered: they were handed over, but didn't arrive.
  ///
  /// - Returns: What was taken back: no more than had been booked as delivered under the same
  ///   heads.
  @discardableResult
  public mutating func retract(
    _ view: View, client: Int?, _ direction: Direction, _ kind: TrafficKind,
    payload: ByteCount, wire: ByteCount, count: Int = 1
  ) -> Traffic {
    let key = Key(view: view, client: client, direction: direction, kind: kind)
    return entries[key]?.retract(Traffic(payload: payload, wire: wire), count: count) ?? .zero
  }

  /// Adds all that another book has.
  public mutating func add(_ other: RoundBook) {
    for (key, entry) in other.entries { entries[key, default: Entry()].add(entry) }
    for (name, count) in other.counters { self.count(name, by: count) }
  }

  /// Adds `amount` to the counter called `name`.
  public mutating func count(_ name: String, by amount: Int = 1) {
    counters[name, default: 0] += amount
  }

  /// The sum over all entries that fit: of one client or all, of some kinds or all.
  public func total(
    _ view: View, _ direction: Direction, _ standing: DeliveryStatus = .delivered,
    kinds: Set<TrafficKind>? = nil, client: Int? = nil
  ) -> Traffic {
    var sum = Traffic.zero
    for (key, entry) in entries
    where key.view == view && key.direction == direction
      && (kinds?.contains(key.kind) ?? true) && (client == nil || key.client == client)
    {
      sum += standing.contains(.delivered) ? entry.delivered : entry.offered
    }
    return sum
  }

  /// The clients whose links carried bytes of the model to them.
  var clientsServed: Set<Int> {
    var clients: Set<Int> = []
    for (key, entry) in entries
    where key.view == .client && key.direction == .down && key.kind.carriesModel
      && entry.delivered.payload > .zero
    {
      if let client = key.client { clients.insert(client) }
    }
    return clients
  }

  /// All entries in a fixed order, so that equal books make equal ledgers.
  var sorted: [(key: Key, entry: Entry)] {
    entries.sorted { $0.key < $1.key }.map { (key: $0.key, entry: $0.value) }
  }
}

extension RoundBook {
  /// The heads of an entry, packed into one integer: client + 1, view, direction, kind.
  struct Key: Hashable, Comparable, Sendable {
    private let code: Int

    init(view: View, client: Int?, direction: Direction, kind: TrafficKind) {
      precondition((client ?? 0) >= 0, "client \(client ?? 0)")
      let about = (view == .client ? 0 : 1) << 1 | (direction == .down ? 0 : 1)
      code = ((client ?? -1) + 1) << 6 | about << 4 | kind.ordinal
    }

    var client: Int? { code >> 6 == 0 ? nil : code >> 6 - 1 }
    var view: View { code & 0x20 == 0 ? .client : .socket }
    var direction: Direction { code & 0x10 == 0 ? .down : .up }
    var kind: TrafficKind { TrafficKind.allCases[code & 0xF] }

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.code < rhs.code }
  }

  /// The sums that were booked under one key.
  struct Entry: Hashable, Sendable {
    private(set) var offered = Traffic.zero
    private(set) var delivered = Traffic.zero
    private(set) var offeredCount = 0
    private(set) var deliveredCount = 0

    mutating func add(_ traffic: Traffic, count: Int, as standing: DeliveryStatus) {
      if standing.contains(.offered) {
        offered += traffic
        offeredCount += count
      }
      if standing.contains(.delivered) {
        delivered += traffic
        deliveredCount += count
      }
    }

    mutating func add(_ other: Entry) {
      offered += other.offered
      delivered += other.delivered
      offeredCount += other.offeredCount
      deliveredCount += other.deliveredCount
    }

    mutating func retract(_ traffic: Traffic, count: Int) -> Traffic {
      let taken = Traffic(
        payload: min(traffic.payload, delivered.payload), wire: min(traffic.wire, delivered.wire))
      delivered = delivered - taken
      deliveredCount -= min(count, deliveredCount)
      return taken
    }
  }
}

extension TrafficKind {
  /// The place among all kinds.
  fileprivate var ordinal: Int {
    switch self {
    case .keyframe: 0
    case .delta: 1
    case .repair: 2
    case .update: 3
    case .control: 4
    case .heartbeat: 5
    case .handshake: 6
    case .retransmission: 7
    case .plan: 8
    case .evaluation: 9
    case .statistics: 10
    }
  }
}
