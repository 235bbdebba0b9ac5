import GRDB
import Measures

/// The table of the selected clients' outcomes, and each client's part in the run.
struct OutcomeTable {
  let database: Database

  /// Keeps the outcomes of a round in client order.
  func insert(_ record: RoundRecord) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
    for outcome in record.outcomes.sorted(by: { $0.client < $1.client }) {
      let (name, reason) = outcome.outcome.columns
      try statement.execute(arguments: [
        record.round, outcome.client, name, reason, outcome.stage ?? record.stage,
        outcome.samples, outcome.trainedSamples, outcome.updateSize.bytes,
        outcome.elapsed?.seconds,
      ])
    }
  }

  /// The number of clients that were selected at least once, by stage.
  func participants() throws -> [Int: Int] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT round.stage, count(DISTINCT client) FROM outcome JOIN round USING (round)
        GROUP BY round.stage
        """)
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }

  /// The groups with their accepted updates by the stage that was trained, where some were of less
  /// than their rounds' stages.
  func counting(_ groups: [ClientGroup], stages: Int) throws -> [ClientGroup] {
    let isShallow =
      try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (SELECT 1 FROM outcome JOIN round USING (round)
            WHERE outcome = 'accepted' AND outcome.stage < round.stage)
          """) ?? false
    guard isShallow, !groups.isEmpty else { return groups }
    var counts = groups.map { _ in Array(repeating: 0, count: stages) }
    // Groups are of consecutive clients, in the order of their declaration.
    let rows = try Row.fetchCursor(
      database,
      sql: """
        WITH part AS (
          SELECT number, clients, sum(clients) OVER (ORDER BY number) AS beyond FROM cohort)
        SELECT number, stage, count(*) FROM outcome
        JOIN part ON client < beyond AND client >= beyond - clients
        WHERE outcome = 'accepted' GROUP BY number, stage
        """)
    while let row = try rows.next() {
      let (group, stage): (Int, Int) = (row[0], row[1])
      guard counts.indices.contains(group), counts[group].indices.contains(stage - 1) else {
        continue
      }
      counts[group][stage - 1] += row[2] as Int
    }
    return zip(groups, counts).map { group, updates in
      var group = group
      group.updates = updates
      return group
    }
  }

  /// Each client's part in the rounds of each stage, in the order of clients and stages.
  func clientsByStage() throws -> [ClientStageTotal] {
    var totals: [ClientAndStage: ClientStageTotal] = [:]
    func total(_ key: ClientAndStage) -> ClientStageTotal {
      totals[key]
        ?? ClientStageTotal(
          client: key.client, stage: key.stage, selected: 0, accepted: 0, late: 0, lost: 0,
          load: .zero)
    }
    let outcomes = try Row.fetchCursor(
      database,
      sql: """
        SELECT client, round.stage, count(*), sum(outcome = 'accepted'), sum(outcome = 'late'),
          sum(outcome = 'lost'), total(trainedSamples * flopsPerSample)
        FROM outcome JOIN round USING (round) LEFT JOIN stage ON stage.stage = outcome.stage
        GROUP BY client, round.stage
        """)
    while let row = try outcomes.next() {
      let key = ClientAndStage(client: row[0], stage: row[1])
      var part = total(key)
      part.selected = row[2]
      part.accepted = row[3]
      part.late = row[4]
      part.lost = row[5]
      part.load.flops = row[6]
      totals[key] = part
    }
    let traffic = try Row.fetchCursor(
      database,
      sql: """
        SELECT client, stage, direction, sum(payload), sum(wire)
        FROM traffic JOIN round USING (round)
        WHERE view = 'client' AND client IS NOT NULL GROUP BY client, stage, direction
        """)
    while let row = try traffic.next() {
      guard let direction = Direction(rawValue: row[2]) else { continue }
      let key = ClientAndStage(client: row[0], stage: row[1])
      var part = total(key)
      part.load.traffic[direction] = try row.traffic(3)
      totals[key] = part
    }
    return totals.values.sorted { ($0.client, $0.stage) < ($1.client, $1.stage) }
  }

  private struct ClientAndStage: Hashable {
    let client: Int
    let stage: Int
  }
}

extension ClientOutcome.Outcome {
  /// The outcome's name and reason, as the ledger spells them.
  fileprivate var columns: (name: String, reason: String?) {
    switch self {
    case .accepted: ("accepted", nil)
    case .late: ("late", nil)
    case .lost: ("lost", nil)
    case .refused(let reason): ("refused", reason)
    }
  }
}
