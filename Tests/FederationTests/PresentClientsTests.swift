import Federation
import Measures
import Testing

/// Who is there, and who of them may be asked.
@Suite struct PresentClientsTests {
  @Test(arguments: 0..<30 as Range<UInt64>)
  func `a pool holds whom a walk over all finds, in rising order`(seed: UInt64) {
    var chance = RandomStream(seed: seed)
    let (clients, stages) = (Int.random(in: 1...70, using: &chance), 4)
    var present = PresentClients(clients: clients, stages: stages)
    var limits: [Int: Int?] = [:]
    for _ in 0..<200 {
      let client = Int.random(in: 0..<clients, using: &chance)
      if Bool.random(using: &chance) {
        let limit = Bool.random(using: &chance) ? nil : Int.random(in: 0...6, using: &chance)
        present.insert(client, limit: limit)
        limits[client] = .some(limit)
      } else {
        present.remove(client)
        limits[client] = nil
      }
    }
    #expect(Array(present.all) == limits.keys.sorted())
    #expect(present.count == limits.count)
    for least in 0...stages {
      let excluded = (0..<5).map { _ in Int.random(in: 0..<clients, using: &chance) }
      let pool = present.pool(without: excluded) { limit in limit.map { $0 >= least } ?? true }
      // A limit of all stages or more is none.
      let expected = limits.filter { client, limit in
        !excluded.contains(client) && (limit.map { $0 >= min(least, stages) } ?? true)
      }
      #expect(Array(pool) == expected.keys.sorted())
      #expect((0..<clients).allSatisfy { pool.contains($0) == (expected[$0] != nil) })
    }
  }

  @Test(arguments: [1, 10, 1000])
  func `a draw of a pool is the draw of its clients`(count: Int) {
    var present = PresentClients(clients: 5000, stages: 2)
    for client in stride(from: 0, to: 5000, by: 3) {
      present.insert(client, limit: client % 2 == 0 ? 1 : nil)
    }
    let pool = present.pool(without: [0, 3, 2997]) { _ in true }
    let stream = RandomStream(seed: 4)
    for sampling in Sampling.allCases {
      #expect(
        Selection.draw(
          count, ofOrdered: pool, sampling: sampling, history: ParticipationHistory(),
          using: stream)
          == Selection.draw(
            count, of: Array(pool).shuffled(), sampling: sampling,
            history: ParticipationHistory(), using: stream))
    }
  }
}
