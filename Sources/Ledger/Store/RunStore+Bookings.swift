import GRDB
import Measures

extension RunStore {
  /// Messages that were booked under the same heads in a round.
  public struct Booking: Hashable, Sendable {
    /// From where they were looked at.
    public let view: View
    /// The client whose link carried them; nil where they belong to none alone.
    public let client: Int?
    /// Which way they went.
    public let direction: Direction
    /// What they were.
    public let kind: TrafficKind
    /// Their bytes.
    public let traffic: Traffic
    /// How many they were.
    public let messages: Int
  }

  /// What was booked as delivered in a round.
  public func bookings(of round: Int) throws(LedgerError) -> [Booking] {
    try read { database in
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
          traffic: try Self.traffic(row, 4), messages: try Self.count(row, "messages"))
      }
    }
  }
}
