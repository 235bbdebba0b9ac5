import Federation
import Measures
import Testing

@Suite struct SelectionTests {
  private let root = RandomStream(seed: 11)

  @Test(arguments: 0..<8, 0..<8)
  func `as many as asked for are drawn, each once, in rising order`(count: Int, eligible: Int) {
    for round in 0..<20 {
      let drawn = Selection.uniform(
        count, of: (0..<eligible).map { 3 * $0 }, using: root.stream("round", round))
      #expect(drawn.count == min(count, eligible))
      #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $0 < $1 })
      #expect(drawn.allSatisfy { $0 % 3 == 0 && $0 < 3 * eligible })
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `the order in which clients came doesn't matter`(seed: UInt64) {
    var shuffler = RandomStream(seed: seed).stream("shuffle")
    let clients = Array(0..<50)
    let stream = root.stream("selection", Int(seed))
    #expect(
      Selection.uniform(9, of: clients.shuffled(using: &shuffler), using: stream)
        == Selection.uniform(9, of: clients, using: stream))
  }

  /// What a shuffle of all clients draws: the promise that seeds keep their draws.
  private func shuffled(_ count: Int, of clients: [Int], using stream: RandomStream) -> [Int] {
    var (stream, pool) = (stream, clients)
    for index in 0..<min(count, pool.count) {
      pool.swapAt(index, Int.random(in: index..<pool.count, using: &stream))
    }
    return pool.prefix(count).sorted()
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `a draw is the beginning of a shuffle of all`(seed: UInt64) {
    let clients = (0..<37).map { 2 * $0 }
    let stream = root.stream("shuffle", Int(seed))
    for count in [0, 1, 9, 36, 37, 50] {
      #expect(
        Selection.uniform(count, of: clients, using: stream)
          == shuffled(count, of: clients, using: stream))
    }
  }

  /// Pearson's χ² with 19 degrees of freedom: beyond 43.8 once in a thousand, for one fixed seed.
  @Test(arguments: [1, 5, 10, 19])
  func `each client is as likely as the other`(count: Int) {
    let (clients, rounds) = (20, 4000)
    var drawn = [Int](repeating: 0, count: clients)
    for round in 0..<rounds {
      for client in Selection.uniform(count, of: 0..<clients, using: root.stream("fair", round)) {
        drawn[client] += 1
      }
    }
    let expected = Double(rounds * count) / Double(clients)
    let share = Double(count) / Double(clients)
    // Draws without replacement vary less: scaled to the variance of a single draw.
    let statistic =
      drawn.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) }
      / (expected * (1 - share)) * Double(clients - 1) / Double(clients)
    #expect(statistic < 43.8)
    #expect(statistic > 3)
  }

  @Test func `each pair is as likely as the other`() {
    var pairs: [[Int]: Int] = [:]
    for round in 0..<6000 {
      pairs[Selection.uniform(2, of: 0..<5, using: root.stream("pairs", round)), default: 0] += 1
    }
    #expect(pairs.count == 10)
    // 600 each; five standard deviations.
    for (pair, count) in pairs { #expect(abs(count - 600) < 117, "\(pair)") }
  }
}
