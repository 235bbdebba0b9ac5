import GRDB
import Measures

extension RunStore {
  /// Each client's part in the run, in client order; those that never took part are left out.
  public func clients() throws(LedgerError) -> [ClientTotal] {
    let parts = try clientsByStage()
    var totals: [ClientTotal] = []
    for part in parts {
      if totals.last?.client != part.client {
        totals.append(
          ClientTotal(client: part.client, selected: 0, accepted: 0, traffic: .zero, flops: 0))
      }
      let last = totals.count - 1
      totals[last].selected += part.selected
      totals[last].accepted += part.accepted
      totals[last].traffic += part.load.traffic
      totals[last].flops += part.load.flops
    }
    return totals
  }

  /// Each client's part in the rounds of each stage, in the order of clients and stages.
  public func clientsByStage() throws(LedgerError) -> [ClientStageTotal] {
    try read { database in
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
        part.load.traffic[direction] = try Self.traffic(row, 3)
        totals[key] = part
      }
      return totals.values.sorted { ($0.client, $0.stage) < ($1.client, $1.stage) }
    }
  }

  private struct ClientAndStage: Hashable {
    let client: Int
    let stage: Int
  }
}
