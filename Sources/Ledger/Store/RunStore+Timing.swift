import GRDB
import Measures

extension RunStore {
  /// Keeps when a round was, and where its time went, as far as that is known.
  static func insertTiming(of record: RoundRecord, into database: Database) throws {
    if let opened = record.opened {
      try database.execute(
        sql: "INSERT INTO clock VALUES (?, ?, ?)",
        arguments: [record.round, opened.seconds, (opened + record.elapsed).seconds])
    }
    guard let timing = record.timing else { return }
    try database.execute(
      sql: "INSERT INTO timing VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        record.round, timing.opened.seconds, timing.closed.seconds, timing.path.download.seconds,
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

  /// When the rounds began, by round, as far as that was kept.
  static func openings(in database: Database) throws -> [Int: Duration] {
    guard try database.tableExists("clock") else { return [:] }  // versions 1 to 3 had none
    var openings: [Int: Duration] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT round, opened FROM clock") {
      openings[row["round"]] = try time(row, "opened") ?? .zero
    }
    return openings
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
