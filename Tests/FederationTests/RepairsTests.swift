import Federation
import Measures
import Testing

/// The bytes that are sent again to clients that get no further.
@Suite struct RepairsTests {
  /// The same, as it is described: each client's bytes, which go with its worker's progress.
  private struct Model {
    var worker: [Int: UInt64] = [:]
    var bytes: [Int: Int] = [:]
    var lacking: [Int: Int] = [:]

    mutating func note(_ client: Int, of worker: UInt64, lacks lacking: Int) {
      let least = self.lacking[client]
      self.worker[client] = worker
      self.lacking[client] = min(lacking, least ?? .max)
      guard let least, lacking < least else { return }
      for (other, known) in self.worker where known == worker { bytes[other] = 0 }
    }

    mutating func admit(_ bytes: Int, for client: Int, limit: Int) -> Bool {
      let sum = self.bytes[client, default: 0] + bytes
      guard sum <= limit else { return false }
      self.bytes[client] = sum
      return true
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func `progress of one client counts for all of its worker, whoever moves`(seed: UInt64) {
    var chance = RandomStream(seed: seed)
    var (repairs, model) = (Repairs(), Model())
    var refused = 0
    for step in 0..<500 {
      let client = Int.random(in: 0..<6, using: &chance)
      // Now and then a client moves to another worker.
      let moves = Int.random(in: 0..<10, using: &chance) == 0
      let worker = UInt64(moves ? Int.random(in: 0..<3, using: &chance) : client % 3)
      let lacking = Int.random(in: 0..<1000, using: &chance) + max(0, 2000 - 4 * step)
      repairs.note(client, of: worker, lacks: lacking)
      model.note(client, of: worker, lacks: lacking)
      let bytes = Int.random(in: 0..<40, using: &chance)
      let isAdmitted = model.admit(bytes, for: client, limit: 100)
      #expect(repairs.admit(bytes, for: client, limit: 100) == isAdmitted, "step \(step)")
      if !isAdmitted { refused += 1 }
    }
    #expect(refused > 10 && refused < 490)
  }

  @Test(.timeLimit(.minutes(1)))
  func `one worker's many clients get further without a look at all of them each time`() {
    var repairs = Repairs()
    let clients = 20_000
    for lacking in (0..<10).reversed() {
      for client in 0..<clients { repairs.note(client, of: 1, lacks: lacking) }
    }
    #expect(repairs.admit(10, for: 0, limit: 10) == true)
  }
}
