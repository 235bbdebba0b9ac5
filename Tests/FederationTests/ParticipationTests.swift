import Federation
import Foundation
import Measures
import Testing
import Wire

/// Who is asked, given what was.
@Suite struct ParticipationTests {
  private let root = RandomStream(seed: 3)

  private func result(_ outcomes: [(Int, RoundResult.Outcome)]) -> RoundResult {
    RoundResult(
      round: 1, opened: .zero, closed: .zero,
      outcomes: outcomes.map { (client: $0.0, outcome: $0.1) }, duplicates: 0)
  }

  @Test func `fair sampling evens out how many turns each client had`() {
    var history = ParticipationHistory()
    for round in 0..<40 {
      let drawn = Selection.draw(
        3, of: 0..<10, sampling: .fair, history: history, using: root.stream("round", round))
      #expect(drawn.count == 3)
      for client in drawn { history.noteCounted(client) }
      let counts = (0..<10).map { history.turns(of: $0) }
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }
  }

  /// What becomes of a client that never has an update that counts.
  private static let vain: [RoundResult.Outcome] = [
    .late, .lost, .surplus, .refused(.tooFar), .declined(.diverged), .carried,
  ]

  @Test(arguments: vain)
  func `fair sampling gives who never delivers no more turns than others`(
    outcome: RoundResult.Outcome
  ) {
    var history = ParticipationHistory()
    var counts = [Int](repeating: 0, count: 40)
    var carried: [Int] = []
    for round in 0..<15 {
      let eligible = (0..<40).filter { !carried.contains($0) }
      let drawn = Selection.draw(
        8, of: eligible, sampling: .fair, history: history, using: root.stream("vain", round))
      var result = result(
        drawn.map { client in
          counts[client] += 1
          return (client, client < 10 ? outcome : .accepted(BrokerBench.submission()))
        })
      // Whose late update isn't waited for any longer had its turn.
      result.givenUp = carried
      carried = outcome == .carried ? drawn.filter { $0 < 10 } : []
      history.note(result)
    }
    // 120 turns of 40 clients.
    #expect(counts.allSatisfy { (2...4).contains($0) }, "\(counts)")
    #expect(counts.suffix(30).reduce(0, +) >= 88)
  }

  @Test func `a history comes back as it was kept, also from before turns were counted`() throws {
    var history = ParticipationHistory()
    var result = result([(0, .accepted(BrokerBench.submission())), (1, .late)])
    result.restrictions = [7: Restriction(worker: .max, limit: 0)]
    history.note(result)
    let kept = try JSONEncoder().encode(history)
    #expect(try JSONDecoder().decode(ParticipationHistory.self, from: kept) == history)
    let old = Data(#"{"counted":{"3":2},"reliabilities":{"3":0.7}}"#.utf8)
    let read = try JSONDecoder().decode(ParticipationHistory.self, from: old)
    #expect(read.turns(of: 3) == 2 && read.turns(of: 4) == 0)
    #expect(read.reliability(of: 3) == 0.7)
  }

  @Test func `fair sampling asks who had no turn before all others, and draws lots among equals`() {
    var history = ParticipationHistory()
    for client in 0..<6 { history.noteCounted(client) }
    let first = (0..<50).map { round in
      Selection.draw(
        2, of: 0..<10, sampling: .fair, history: history, using: root.stream("lots", round))
    }
    #expect(first.allSatisfy { $0.allSatisfy { $0 >= 6 } })
    #expect(Set(first).count == 6, "all pairs of the four occur")
  }

  @Test func `who fails is asked less often, but is asked`() {
    var history = ParticipationHistory()
    for _ in 0..<20 { history.noteFailed(0) }
    #expect(history.reliability(of: 0) < 0.01)
    #expect(history.reliability(of: 1) == 1)
    var asked = [Int](repeating: 0, count: 5)
    for round in 0..<2000 {
      for client in Selection.draw(
        1, of: 0..<5, sampling: .available, history: history, using: root.stream("asked", round))
      {
        asked[client] += 1
      }
    }
    // The odds are 0.05 to 1: 25 of 2000, and 494 for each other; five standard deviations.
    #expect((5...50).contains(asked[0]))
    for other in asked.dropFirst() { #expect(abs(other - 494) < 97) }
  }

  @Test(arguments: Sampling.allCases)
  func `the order in which clients came doesn't matter`(sampling: Sampling) {
    var shuffler = RandomStream(seed: 8)
    let clients = Array(0..<30)
    let draws = (0..<10).map { _ in
      Selection.draw(
        7, of: clients.shuffled(using: &shuffler), sampling: sampling,
        history: ParticipationHistory(), using: root)
    }
    #expect(Set(draws).count == 1)
    #expect(draws[0] == draws[0].sorted())
    #expect(draws[0].count == 7)
  }

  @Test func `history is made of results: failures lower it, what isn't a client's fault doesn't`()
  {
    var history = ParticipationHistory()
    history.note(
      result([
        (0, .accepted(BrokerBench.submission())), (1, .late), (2, .lost), (3, .surplus),
        (4, .carried), (5, .declined(.diverged)), (6, .refused(.tooFar)),
      ]))
    #expect((0..<7).map { history.turns(of: $0) } == [1, 1, 1, 1, 0, 1, 1])
    #expect((0..<7).map { history.reliability(of: $0) } == [1, 0.7, 0.7, 1, 1, 0.7, 0.7])
  }

  @Test func `weights are samples or equal`() {
    let offer = BrokerBench.offer()
    let result = result([(0, .accepted(BrokerBench.submission(offer)))])
    let samples = RoundRules(clientsPerRound: 1)
    let equal = RoundRules(clientsPerRound: 1, weighting: .equal)
    #expect(result.contributions(samples).map(\.weight) == [600])
    #expect(result.contributions(equal).map(\.weight) == [1])
  }

  @Test func `the machine's draws follow its history`() {
    let rules = RoundRules(clientsPerRound: 1, sampling: .fair)
    var bench = BrokerBench.open(clients: 4, rounds: [4], rules: rules)
    var seen: [Int] = []
    for round in 1...4 {
      guard case .announce(let announce)? = bench.pass(.seconds(1)).published.first else { break }
      seen += announce.selected
      for client in announce.selected { bench.upload(client, round: round) }
      bench.prepare(round + 1)
    }
    #expect(seen.sorted() == [0, 1, 2, 3])
  }
}
