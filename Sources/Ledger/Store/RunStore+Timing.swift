import GRDB
import Measures

extension RunStore {
  /// Keeps where the time of a round went, where that is known.
  static func insert(_ timing: RoundTiming?, round: Int, into database: Database) throws {
    guard let timing else { return }
    try database.execute(
      sql: "INSERT INTO timing VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        round, timing.opened.seconds, timing.closed.seconds, timing.path.download.seconds,
        timing.path.training.seconds, timing.path.upload.seconds, timing.path.waiting.seconds,
      ])
  }

  /// Where the rounds' time went, by round.
  static func timings(in database: Database) throws -> [Int: RoundTiming] {
    guard try database.tableExists("timing") else { return [:] }  // version 1 had none
    var timings: [Int: RoundTiming] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM timing") {
      timings[row["round"]] = RoundTiming(
        opened: try time(row, "opened") ?? .zero, closed: try time(row, "closed") ?? .zero,
        path: CriticalPath(
          download: try time(row, "download") ?? .zero,
          training: try time(row, "training") ?? .zero, upload: try time(row, "upload") ?? .zero,
          waiting: try time(row, "waiting") ?? .zero))
    }
    return timings
  }

  /// What models and updates were sent for nothing, by round: to and from clients whose updates didn't count.
  static func waste(in database: Database) throws -> [Int: TwoWayTraffic] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT round, direction, sum(offeredPayload), sum(offeredWire)
        FROM traffic JOIN outcome USING (round, client)
        WHERE view = 'client' AND outcome IN ('late', 'lost', 'refused')
          AND kind IN ('keyframe', 'delta', 'repair', 'update')
        GROUP BY round, direction
        """)
    var waste: [Int: TwoWayTraffic] = [:]
    for row in rows {
      guard let direction = Direction(rawValue: row[1]) else { continue }
      waste[row[0], default: .zero][direction] = try traffic(row, 2)
    }
    return waste
  }
}
