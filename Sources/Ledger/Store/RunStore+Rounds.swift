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
      traffic[row[0], default: .zero][direction] = try Self.traffic(row, 2)
    }
    let (timings, waste) = (try timings(in: database), try waste(in: database))
    let (openings, trainings) = (try openings(in: database), try trainings(in: database))
    let fairness = try fairness(in: database)
    let gradients = try squaredGradientNorms(in: database)
    let rows = try Row.fetchAll(database, sql: "SELECT * FROM round ORDER BY round")
    let summaries = try rows.map { row in
      let number: Int = row["round"]
      return RoundSummary(
        round: try count(row, "round"), stage: try count(row, "stage"), warmUp: row["warmUp"],
        selected: try count(row, "selected"), accepted: try count(row, "accepted"),
        late: try count(row, "late"), lost: try count(row, "lost"),
        refused: try count(row, "refused"), duplicates: try count(row, "duplicates"),
        load: Load(traffic: traffic[row["round"]] ?? .zero, flops: row["flops"]),
        fullModel: Load(
          traffic: TwoWayTraffic(
            down: try fullModel(header, times: count(row, "downClients")),
            up: try fullModel(header, times: count(row, "upClients"))),
          flops: row["fullModelFlops"]),
        opened: openings[number] ?? timings[number]?.opened ?? .zero,
        elapsed: try time(row, "elapsed") ?? .zero, accuracy: row["accuracy"], loss: row["loss"],
        learningRate: trainings[number]?.learningRate, trainingLoss: trainings[number]?.loss,
        dice: row["dice"], fairness: fairness[number], squaredGradientNorm: gradients[number],
        path: timings[number]?.path, wasted: waste[number] ?? .zero)
    }
    return RoundSummary.placed(summaries)
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
      if let direction = Direction(rawValue: row[0]) {
        traffic[direction] = try Self.traffic(row, 1)
      }
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
      kinds[kind, default: .zero][direction] = try Self.traffic(row, 2)
    }
    return kinds
  }

  /// How many clients were selected at least once in each stage.
  static func participants(in database: Database) throws -> [Int: Int] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT round.stage, count(DISTINCT client) FROM outcome JOIN round USING (round)
        GROUP BY round.stage
        """)
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }

  /// The groups of clients, in the order in which they were declared.
  static func groups(in database: Database) throws -> [ClientGroup] {
    guard try database.tableExists("cohort") else { return [] }  // format 1 had none
    return try Row.fetchAll(database, sql: "SELECT * FROM cohort ORDER BY number").map { row in
      ClientGroup(name: row["name"], clients: try count(row, "clients"), link: row["link"])
    }
  }

  /// The named counters over the whole run.
  static func counters(in database: Database) throws -> [String: Int] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT name, sum(count) FROM counter GROUP BY name")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }

  /// The full model in 32-bit floats, in as many chunks as it takes, for `count` clients.
  private static func fullModel(_ header: RunHeader, times count: Int) throws -> Traffic {
    let payload = ByteCount(4 * header.model.parameters)
    let wire = header.framing.wire(of: payload)
    let (total, overflow) = wire.bytes.multipliedReportingOverflow(by: count)
    guard !overflow, total <= 1 << 60 else { throw corrupt("\(count) clients took models in") }
    return Traffic(payload: ByteCount(payload.bytes * count), wire: ByteCount(total))
  }
}
