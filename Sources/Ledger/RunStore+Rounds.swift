import GRDB
import Measures

extension RunStore {
  /// All rounds, with the traffic of the client view.
  static func rounds(in database: Database, header: RunHeader) throws -> [RoundSummary] {
    var traffic: [Int: TwoWayTraffic] = [:]
    let sums = try Row.fetchCursor(
      database,
      sql: """
        SELECT round, direction, sum(payload), sum(wire) FROM traffic
        WHERE view = 'client' GROUP BY round, direction
        """)
    while let row = try sums.next() {
      guard let direction = Direction(rawValue: row[1]) else { continue }
      traffic[row[0], default: .zero][direction] = Self.traffic(row, 2)
    }
    let rows = try Row.fetchAll(database, sql: "SELECT * FROM round ORDER BY round")
    return rows.map { row in
      RoundSummary(
        round: row["round"], stage: row["stage"], warmUp: row["warmUp"],
        selected: row["selected"], accepted: row["accepted"], late: row["late"],
        lost: row["lost"], refused: row["refused"], duplicates: row["duplicates"],
        load: Load(traffic: traffic[row["round"]] ?? .zero, flops: row["flops"]),
        fullModel: Load(
          traffic: TwoWayTraffic(
            down: fullModel(header, times: row["downClients"]),
            up: fullModel(header, times: row["upClients"])),
          flops: row["fullModelFlops"]),
        elapsed: .seconds(row["elapsed"] as Double), accuracy: row["accuracy"], loss: row["loss"],
        dice: row["dice"])
    }
  }

  /// The traffic of a view over the whole run: delivered, or all that was handed over.
  static func traffic(
    in database: Database, view: View, offered: Bool = false
  ) throws -> TwoWayTraffic {
    let sums = offered ? "sum(offeredPayload), sum(offeredWire)" : "sum(payload), sum(wire)"
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT direction, \(sums) FROM traffic WHERE view = ? GROUP BY direction",
      arguments: [view.rawValue])
    var traffic = TwoWayTraffic.zero
    for row in rows {
      if let direction = Direction(rawValue: row[0]) { traffic[direction] = Self.traffic(row, 1) }
    }
    return traffic
  }

  /// The traffic of the client view by kind.
  static func kinds(in database: Database) throws -> [TrafficKind: TwoWayTraffic] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT kind, direction, sum(payload), sum(wire) FROM traffic
        WHERE view = 'client' GROUP BY kind, direction
        """)
    var kinds: [TrafficKind: TwoWayTraffic] = [:]
    for row in rows {
      guard let kind = TrafficKind(rawValue: row[0]), let direction = Direction(rawValue: row[1])
      else { continue }
      kinds[kind, default: .zero][direction] = Self.traffic(row, 2)
    }
    return kinds
  }

  /// The named counters over the whole run.
  static func counters(in database: Database) throws -> [String: Int] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT name, sum(count) FROM counter GROUP BY name")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }

  /// The traffic whose payload is in `column` and whose wire bytes are in the next one.
  static func traffic(_ row: Row, _ column: Int) -> Traffic {
    Traffic(payload: ByteCount(row[column]), wire: ByteCount(row[column + 1]))
  }

  /// The full model in 32-bit floats, in as many chunks as it takes, for `count` clients.
  private static func fullModel(_ header: RunHeader, times count: Int) -> Traffic {
    let payload = ByteCount(4 * header.model.parameters)
    let wire = header.framing.wire(of: payload)
    return Traffic(payload: ByteCount(payload.bytes * count), wire: ByteCount(wire.bytes * count))
  }
}
