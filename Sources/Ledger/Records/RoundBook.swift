public import Measures

/// The traffic of one round while it goes on: a value in memory that is booked at each socket call.
///
/// A booking is one look-up and some additions. What belongs to no single client, such as the
/// announcements to a hundred thousand of them, is booked once with its count.
public struct RoundBook: Hashable, Sendable {
  /// What was counted under a name: "malformed frame".
  public private(set) var counters: [String: Int] = [:]
  private var entries: [Key: Entry] = [:]

  /// An empty book.
  public init() {}

  /// Whether nothing was booked or counted.
  public var isEmpty: Bool { entries.isEmpty && counters.isEmpty }

  /// Adds `count` messages of together `payload` and `wire` bytes; no client where they belong to none alone.
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
  /// - Returns: What was taken back: no more than had been booked as delivered under the same heads.
  @discardableResult
  public mutating func retract(
    _ view: View, client: Int?, _ direction: Direction, _ kind: TrafficKind,
    payload: ByteCount, wire: ByteCount, count: Int = 1
  ) -> Traffic {
    let key = Key(view: view, client: client, direction: direction, kind: kind)
    return entries[key]?.retract(Traffic(payload: payload, wire: wire), count: count) ?? .zero
  }

  /// Adds `amount` to the counter called `name`.
  public mutating func count(_ name: String, by amount: Int = 1) {
    counters[name, default: 0] += amount
  }

  /// Adds all that `other` holds.
  public mutating func merge(_ other: RoundBook) {
    for (key, entry) in other.entries { entries[key, default: Entry()].add(entry) }
    for (name, count) in other.counters { counters[name, default: 0] += count }
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
