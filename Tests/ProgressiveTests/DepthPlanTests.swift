import Measures
import Progressive
import Testing

/// Who trains how deep.
struct DepthPlanTests {
  /// Six quick clients, who take 2, 3 and 10 s for the sub-models, and four that take three times
  /// as long.
  private static func plan(
    _ rule: DepthRule = .byTime, target: Duration? = nil, least: Share = 0, most: Share? = nil
  ) -> DepthPlan {
    func cost(_ factor: Int) -> DepthCost {
      DepthCost(
        transfer: [1, 1, 6].map { .seconds($0 * factor) },
        training: [10, 20, 40].map { .milliseconds($0 * factor) })
    }
    return DepthPlan(
      rule: rule, target: target, least: least, most: most,
      parameters: [320, 18_496, 1_179_776], samples: 50, epochs: 2,
      groups: [
        .init(clients: 0..<6, costs: [cost(1)]), .init(clients: 6..<10, costs: [cost(3)]),
      ])
  }

  private static let all = (0..<10).map { DepthCandidate(client: $0, limit: 3) }
  private static let ending = RoundEnding(quorum: nil, grace: .zero, deadline: .seconds(120))

  private static func choice(
    _ plan: DepthPlan, _ candidates: [DepthCandidate] = all, ending: RoundEnding = ending,
    record: DepthRecord = DepthRecord()
  ) -> DepthChoice {
    plan.choice(for: candidates, stages: [1, 2, 3], ending: ending, record: record)
  }

  /// The depths of all clients where each is asked after those before it.
  private static func depthsOneByOne(_ plan: DepthPlan) -> [Int] {
    all.reduce(into: []) { depths, candidate in
      let asked = DepthsAsked(clients: depths.count, whole: depths.count { $0 == 3 })
      depths +=
        plan.choice(
          for: [candidate], stages: [1, 2, 3], ending: ending, record: DepthRecord(),
          beside: asked
        ).depths
    }
  }

  @Test func `a round that finds its target leaves the last block to the quick`() {
    let choice = Self.choice(Self.plan())
    #expect(choice.depths == [3, 3, 3, 3, 3, 3, 2, 2, 2, 2])
    #expect(choice.length == .seconds(10))
  }

  @Test func `an update that comes too late is worth nothing`() {
    // With six updates a round is over at once: the slow are to be done by then.
    let ending = RoundEnding(quorum: 6, grace: .zero, deadline: .seconds(120))
    let choice = Self.choice(Self.plan(), ending: ending)
    #expect(choice.depths == [3, 3, 3, 3, 3, 3, 2, 2, 2, 2])
    // With a long grace all may as well train all.
    let patient = RoundEnding(quorum: 6, grace: .seconds(90), deadline: .seconds(30))
    let same = DepthPlan(
      rule: .byTime, least: 0, parameters: [320, 18_496, 1_179_776], samples: 50, epochs: 2,
      groups: [.init(clients: 0..<10, costs: Self.plan().groups[0].costs)])
    #expect(Self.choice(same, ending: patient).depths == Array(repeating: 3, count: 10))
  }

  @Test(arguments: [
    (1, [1, 1]), (3, [2, 1]), (6, [2, 1]), (9, [2, 2]), (10, [3, 2]), (30, [3, 3]),
  ])
  func `a target gives each client the deepest sub-model that it makes`(
    target: Int, depths: [Int]
  ) {
    let choice = Self.choice(Self.plan(target: .seconds(target)))
    #expect([choice.depths[0], choice.depths[9]] == depths)
    #expect(choice.target == .seconds(target))
  }

  @Test func `memory limits the depth, whatever the time`() {
    var candidates = Self.all
    candidates[2].limit = 1
    candidates[7].limit = 2
    let choice = Self.choice(Self.plan(target: .seconds(60)), candidates)
    #expect(choice.depths == [3, 3, 1, 3, 3, 3, 3, 2, 3, 3])
  }

  @Test func `a least share trains the whole stage, in turns`() {
    let plan = Self.plan(target: .seconds(3), least: 0.3)
    var record = DepthRecord()
    var turns: [[Int]] = []
    for _ in 0..<4 {
      let choice = Self.choice(plan, record: record)
      let deep = (0..<10).filter { choice.depths[$0] == 3 }
      turns.append(deep)
      for client in deep { record.noteDeepTurn(client) }
    }
    #expect(turns == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 1, 9]])
    // Whoever can't make the deadline comes last.
    let short = RoundEnding(quorum: nil, grace: .zero, deadline: .seconds(20))
    let choice = Self.choice(plan, ending: short, record: record)
    #expect((0..<10).filter { choice.depths[$0] == 3 } == [2, 3, 4])
  }

  @Test func `a round finds a target by which enough come with the whole stage`() {
    // Four updates end it: without a least share only the quick are waited for.
    let ending = RoundEnding(quorum: 4, grace: .seconds(1), deadline: .seconds(120))
    let few = Self.choice(Self.plan(least: 0.6), ending: ending)
    #expect(few.depths.prefix(6).allSatisfy { $0 == 3 } && few.length >= .seconds(10))
    let all = Self.choice(Self.plan(least: 1))
    #expect(all.depths == Array(repeating: 3, count: 10) && all.length == .seconds(30))
  }

  @Test func `the order of the clients doesn't matter`() {
    let plan = Self.plan(target: .seconds(3), least: 0.5)
    let depths = Self.choice(plan).depths
    #expect(Self.choice(plan, Self.all.reversed()).depths == depths.reversed())
  }

  @Test func `the depth follows the time that a client took, and that of its kind`() {
    let plan = Self.plan(target: .seconds(12))
    var record = DepthRecord()
    record.note(.seconds(30), of: 0, stage: 3, samples: nil, isOver: false, in: plan)
    #expect(abs(record.pace(of: 0, in: plan) - 3) < 1e-9)
    // Nothing is known of its kind but this, and nothing of the other kind.
    #expect(abs(record.pace(of: 1, in: plan) - 3) < 1e-9 && record.pace(of: 9, in: plan) == 1)
    #expect(Self.choice(plan, record: record).depths == [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    for _ in 0..<4 {
      record.note(.seconds(10), of: 1, stage: 3, samples: nil, isOver: false, in: plan)
    }
    #expect(Self.choice(plan, record: record).depths.prefix(2) == [2, 3])
    // A link alone is as the topology says.
    let byLink = Self.plan(.byLink, target: .seconds(12))
    #expect(Self.choice(byLink, record: record).depths == [3, 3, 3, 3, 3, 3, 2, 2, 2, 2])
  }

  @Test func `the time of a small part says little of the whole`() {
    let plan = Self.plan()
    var record = DepthRecord()
    record.note(.seconds(30), of: 0, stage: 3, samples: nil, isOver: false, in: plan)
    record.note(.seconds(2), of: 0, stage: 1, samples: nil, isOver: false, in: plan)
    #expect(record.pace(of: 0, in: plan) > 2.5)
    record.note(.seconds(10), of: 0, stage: 3, samples: nil, isOver: false, in: plan)
    #expect(record.pace(of: 0, in: plan) < 2)
  }

  @Test func `who wasn't done took so long at least`() {
    let plan = Self.plan()
    var record = DepthRecord()
    record.note(.seconds(5), of: 0, stage: 3, samples: nil, isOver: true, in: plan)
    #expect(record.pace(of: 0, in: plan) == 1)
    record.note(.seconds(20), of: 0, stage: 3, samples: nil, isOver: true, in: plan)
    #expect(record.pace(of: 0, in: plan) > 1.4)
    #expect(record.pace(of: 1, in: plan) == 1)
  }

  @Test func `more samples take more time, and only where training counts`() {
    #expect(Self.plan().expected(0, stage: 3, samples: 100) == .seconds(14))
    #expect(Self.plan().expected(0, stage: 3, samples: nil) == .seconds(10))
    #expect(Self.plan(.byLink).expected(6, stage: 3, samples: 100) == .seconds(18))
    #expect(Self.plan().expected(10, stage: 3, samples: 100) == nil)
  }

  @Test func `what a client says of its samples makes no time that can't be counted`() {
    let slow = DepthPlan(
      rule: .byTime, least: 0, parameters: [1], samples: 10, epochs: 1000,
      groups: [
        .init(
          clients: 0..<2,
          costs: [DepthCost(transfer: [.seconds(1)], training: [.seconds(1_000_000)])])
      ])
    #expect(slow.expected(0, stage: 1, samples: 10) == .seconds(1_000_000_000))
    for samples in [1 << 47, .max] {
      #expect(slow.expected(0, stage: 1, samples: samples) == .seconds(1_000_000_000))
      var record = DepthRecord()
      record.note(.seconds(9), of: 1, stage: 1, samples: samples, isOver: false, in: slow)
      record.note(.seconds(1e12), of: 0, stage: 1, samples: 1, isOver: false, in: slow)
      let candidates = [0, 1].map { DepthCandidate(client: $0, limit: 1, samples: samples) }
      let choice = slow.choice(
        for: candidates, stages: [1], ending: Self.ending, record: record)
      #expect(choice.depths == [1, 1])
    }
  }

  @Test func `who is asked one by one counts with those before for the least share`() {
    let depths = Self.depthsOneByOne(Self.plan(target: .seconds(3), least: 0.4))
    #expect(depths.count { $0 == 3 } == 4, "\(depths)")
  }

  @Test func `where somebody never comes, haste isn't worth a deep client`() {
    var plan = Self.plan()
    let ending = RoundEnding(quorum: 8, grace: .seconds(100), deadline: .seconds(200))
    // All are waited for: 10 s with six deep clients are better than 30 s with ten.
    #expect(Self.choice(plan, ending: ending).depths.count { $0 == 3 } == 6)
    // The grace passes anyway: 130 s with ten are better than 110 s with six.
    plan.dropOut = 0.5
    let choice = Self.choice(plan, ending: ending)
    #expect(choice.depths.count { $0 == 3 } == 10 && choice.length > .seconds(80))
    var record = DepthRecord()
    for _ in 0..<20 { record.noteRound(clients: 10, wasKeptOpen: false, in: plan) }
    #expect(Self.choice(plan, ending: ending, record: record).depths.count { $0 == 3 } == 6)
  }

  /// The deep clients of a choice.
  private static func deep(_ choice: DepthChoice) -> [Int] {
    choice.depths.indices.filter { choice.depths[$0] == 3 }
  }

  @Test func `where fewer make it than the least share asks for, no more than that share is deep`()
  {
    // Six of ten are quick: one of the slow trains deep as well, and not all four for its sake.
    let ending = RoundEnding(quorum: 8, grace: .seconds(5), deadline: .seconds(120))
    let plan = Self.plan(least: 0.7)
    var record = DepthRecord()
    var slow: [[Int]] = []
    for _ in 0..<4 {
      let choice = Self.choice(plan, ending: ending, record: record)
      let deep = Self.deep(choice)
      #expect(deep.prefix(6) == [0, 1, 2, 3, 4, 5] && choice.length == .seconds(15))
      slow.append(Array(deep.dropFirst(6)))
      for client in deep { record.noteDeepTurn(client) }
    }
    #expect(slow == [[6], [7], [8], [9]])
  }

  @Test func `who is slow is waited for where the quorum needs it, and no more of them than that`()
  {
    // Eight are to train deep, and seven of these to be waited for: one slow client at least.
    let ending = RoundEnding(quorum: 8, grace: .seconds(5), deadline: .seconds(120))
    let choice = Self.choice(Self.plan(least: 0.8), ending: ending)
    #expect(Self.deep(choice) == Array(0..<8) && choice.length == .seconds(30))
  }

  @Test func `a target is chosen by samples, not by heads`() {
    // All are waited for: 6 s for the quick alone, or 18 s with the slow, who have as many samples
    // each, or more.
    func deep(_ many: Int) -> [Int] {
      var candidates = Self.all
      for client in 6..<10 { candidates[client].samples = many }
      return Self.deep(Self.choice(Self.plan(.byLink), candidates))
    }
    #expect(deep(50) == Array(0..<6))
    // √n has to be three times as large, nine times 6 × 50 samples, and more for the second block.
    #expect(deep(590) == Array(0..<6))
    #expect(deep(700) == Array(0..<10))
  }

  @Test func `where a round waits for nobody in particular, targets see to whole stages in time`() {
    // Blocks of one size, and the first four updates end the round: small ones, if it can be.
    var plan = Self.plan(.byLink, least: 0.4)
    plan.parameters = [1000, 1000, 1000]
    let ending = RoundEnding(quorum: 4, grace: .zero, deadline: .seconds(120), awaitsWhole: false)
    #expect(Self.deep(Self.choice(plan, ending: ending)) == Array(0..<10))
    // The quick ones' samples, which alone come in time then, aren't worth it.
    let candidates = Self.all.map {
      DepthCandidate(client: $0.client, limit: 3, samples: $0.client < 6 ? 5 : 500)
    }
    #expect(Self.deep(Self.choice(plan, candidates, ending: ending)) == Array(0..<6))
  }

  @Test(arguments: [(0.3, 3), (0.35, 3), (0.6, 6), (0.8, 6), (0.01, 1)] as [(Share, Int)])
  func `no more than the largest share train the whole stage`(most: Share, count: Int) {
    let choice = Self.choice(Self.plan(most: most))
    #expect(choice.depths.count { $0 == 3 } == count)
    #expect(Self.deep(choice).allSatisfy { $0 < 6 }, "those that make it")
    // The others train what is next to it.
    #expect(choice.depths.allSatisfy { $0 >= 2 })
  }

  @Test func `who trains deep rotates among those who make it`() {
    let plan = Self.plan(target: .seconds(12), most: 0.2)
    var record = DepthRecord()
    var turns = Array(repeating: 0, count: 10)
    for round in 1...9 {
      let deep = Self.deep(Self.choice(plan, record: record))
      #expect(deep.count == 2)
      for client in deep {
        turns[client] += 1
        record.noteDeepTurn(client)
      }
      guard round.isMultiple(of: 3) else { continue }
      #expect(turns == (0..<10).map { $0 < 6 ? round / 3 : 0 })
    }
  }

  @Test func `among clients of as many turns the lot decides, the same in any order`() {
    let same = DepthPlan(
      rule: .byLink, least: 0, most: 0.1, parameters: [320, 18_496, 1_179_776], samples: 50,
      epochs: 1, groups: [.init(clients: 0..<1000, costs: Self.plan().groups[0].costs)])
    let candidates = (0..<1000).map { DepthCandidate(client: $0, limit: 3) }
    let deep = Self.deep(Self.choice(same, candidates))
    #expect(deep.count == 100)
    // Neither the first numbers nor the last ones.
    #expect((30...70).contains(deep.count { $0 < 500 }), "\(deep)")
    let reversed = Self.choice(same, candidates.reversed())
    #expect(Self.deep(reversed).map { 999 - $0 }.sorted() == deep)
  }

  @Test func `the least share gives way to the largest, and one client always may`() {
    #expect(Self.deep(Self.choice(Self.plan(least: 0.75, most: 0.5))).count == 5)
    #expect(Self.deep(Self.choice(Self.plan(least: 0.05, most: 0.05))).count == 1)
    // Where nobody has the memory nobody does.
    let small = (0..<10).map { DepthCandidate(client: $0, limit: 2) }
    #expect(Self.choice(Self.plan(least: 0.4, most: 0.5), small).depths.max() == 2)
  }

  @Test func `in a round of the first stage a largest share means nothing`() {
    let choice = Self.plan(most: 0.1).choice(
      for: Self.all, stages: [1], ending: Self.ending, record: DepthRecord())
    #expect(choice.depths == Array(repeating: 1, count: 10))
  }

  @Test func `who is asked one by one counts with those before for the largest share`() {
    let depths = Self.depthsOneByOne(Self.plan(target: .seconds(60), least: 0, most: 0.3))
    #expect(depths.count { $0 == 3 } == 3, "\(depths)")
  }
}
