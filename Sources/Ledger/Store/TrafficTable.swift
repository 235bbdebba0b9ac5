import GRDB
import Measures

/// Messages that were booked under the same heads in a round.
public struct Booking: Hashable, Sendable {
  /// The point of view from which they were counted.
  public let view: View
  /// The client whose link carried them; nil where they belong to none alone.
  public let client: Int?
  /// The direction in which they went.
  public let direction: Direction
  /// The kind of messages.
  public let kind: TrafficKind
  /// Their bytes.
  public let traffic: Traffic
  /// Their number.
  public let messages: Int
}

/// The table of traffic: the bytes of each kind that each link carried in each round.
struct TrafficTable {
  let database: Database

  /// Adds all entries of `book` to `round`.
  func insert(_ book: RoundBook, round: Int) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    for (key, entry) in book.sorted {
      try statement.execute(arguments: [
        round, key.view.rawValue, key.client, key.direction.rawValue, key.kind.rawValue,
        entry.delivered.payload.bytes, entry.delivered.wire.bytes, entry.deliveredCount,
        entry.offered.payload.bytes, entry.offered.wire.bytes, entry.offeredCount,
      ])
    }
  }

  /// Books in `round` all that was booked in later rounds.
  func move(after round: Int) throws {
    try database.execute(
      sql: "UPDATE traffic SET round = ? WHERE round > ?", arguments: [round, round])
  }

  /// The bookings of a round that were delivered.
  func bookings(of round: Int) throws -> [Booking] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT view, client, direction, kind, payload, wire, messages FROM traffic
        WHERE round = ?
        """, arguments: [round])
    return try rows.compactMap { row in
      guard let view = View(rawValue: row[0]), let direction = Direction(rawValue: row[2]),
        let kind = TrafficKind(rawValue: row[3])
      else { return nil }
      return Booking(
        view: view, client: row[1], direction: direction, kind: kind,
        traffic: try row.traffic(4), messages: try row.count("messages"))
    }
  }

  /// The delivered traffic of the client view, by round.
  func byRound() throws -> [Int: TwoWayTraffic] {
    try sums(
      """
      SELECT round, direction, sum(payload), sum(wire) FROM traffic
      WHERE view = 'client' GROUP BY round, direction
      """)
  }

  /// The models and updates to and from clients whose updates didn't count, by round.
  func wasted() throws -> [Int: TwoWayTraffic] {
    try sums(
      """
      SELECT round, direction, sum(offeredPayload), sum(offeredWire)
      FROM traffic JOIN outcome USING (round, client)
      WHERE view = 'client' AND outcome IN ('late', 'lost', 'refused')
        AND kind IN ('keyframe', 'delta', 'repair', 'update')
      GROUP BY round, direction
      """)
  }

  /// The delivered traffic of the client view by kind.
  func byKind() throws -> [TrafficKind: TwoWayTraffic] {
    let named: [String: TwoWayTraffic] = try sums(
      """
      SELECT kind, direction, sum(payload), sum(wire) FROM traffic
      WHERE view = 'client' GROUP BY kind, direction
      """)
    var kinds: [TrafficKind: TwoWayTraffic] = [:]
    for (name, traffic) in named {
      if let kind = TrafficKind(rawValue: name) { kinds[kind] = traffic }
    }
    return kinds
  }

  /// The traffic of a view over the whole run: delivered, or all that was handed over.
  func total(_ view: View, offered: Bool = false) throws -> TwoWayTraffic {
    let columns = offered ? "sum(offeredPayload), sum(offeredWire)" : "sum(payload), sum(wire)"
    let totals: [String: TwoWayTraffic] = try sums(
      "SELECT view, direction, \(columns) FROM traffic WHERE view = ? GROUP BY direction",
      [view.rawValue])
    return totals[view.rawValue] ?? .zero
  }

  /// Sums of traffic by the first column of a query; the others are direction, payload and wire.
  private func sums<Key: Hashable & DatabaseValueConvertible>(
    _ query: String, _ arguments: StatementArguments = []
  ) throws -> [Key: TwoWayTraffic] {
    var sums: [Key: TwoWayTraffic] = [:]
    let rows = try Row.fetchCursor(database, sql: query, arguments: arguments)
    while let row = try rows.next() {
      guard let direction = Direction(rawValue: row[1]) else { continue }
      sums[row[0], default: .zero][direction] = try row.traffic(2)
    }
    return sums
  }
}
