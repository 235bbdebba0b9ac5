import Federation
import Measures
import Progressive
import Testing
import Wire

/// Sums over clients' samples before the first round, as a broker's machine asks for them.
struct BrokerMeasuringTests {
  private static func plan(
    clients: Int, rules: RoundRules? = nil, change: (inout MeasuringRules) -> Void = { _ in }
  ) -> BrokerPlan {
    var plan = BrokerBench.plan(clients: clients, rules: rules)
    var measuring = MeasuringRules(channels: 2, valuesPerSample: 4)
    change(&measuring)
    plan.measuring = measuring
    return plan
  }

  /// A bench that all clients have joined, and what the last of them brought about.
  private static func measuring(
    _ plan: BrokerPlan
  ) -> (bench: BrokerBench, actions: [BrokerAction]) {
    var bench = BrokerBench(plan: plan)
    let actions = (0..<plan.clients).flatMap { bench.join($0) }
    return (bench, actions)
  }

  private static func sums(_ samples: Int = 10, _ sum: Double = 3) -> SampleSums {
    let values = 4 * samples
    return SampleSums(
      samples: samples, values: values, sums: [sum, 0],
      squares: [sum * sum / Double(values) + 1, Double(values)])
  }

  private static func result(_ actions: [BrokerAction]) -> MeasuringResult? {
    for case .normalize(let result) in actions { return result }
    return nil
  }

  private static let made = FederatedNormalization(means: [0.25, 0.5], deviations: [2, 1])

  @Test func `all who are there are asked for sums, before any model is made`() {
    let (bench, actions) = Self.measuring(Self.plan(clients: 3))
    #expect(actions.contains(.notice(.measuring(clients: 3))))
    #expect(!actions.contains(.prepare(round: 1)))
    guard case .announce(let announce)? = actions.published.last else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.state == .measuring && announce.selected == [0, 1, 2])
    #expect(announce.segments.isEmpty && bench.machine.openRound == nil)
  }

  @Test func `sums are added in the order of the clients, whichever comes first`() throws {
    var results: [MeasuringResult] = []
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
      var bench = Self.measuring(Self.plan(clients: 3)).bench
      let actions = order.flatMap { client in
        bench.say(client, .sums(Self.sums(10 + client, 0.1 * Double(client + 1))), round: 0)
      }
      for client in 0..<3 { #expect(actions.mail(to: client) == [.noted(.sums)]) }
      results.append(try #require(Self.result(actions)))
    }
    #expect(results[0].sums.map(\.client) == [0, 1, 2])
    #expect(results[1] == results[0] && results[2] == results[0])
    let total = try #require(results[0].total)
    #expect(total.samples == 33 && total.values == 132)
    #expect(total.sums == [(0.1 * 1 + 0.1 * 2) + 0.1 * 3, 0])
  }

  @Test func `nobody trains before the normalization is kept, and all hear of it then`() {
    var bench = Self.measuring(Self.plan(clients: 2)).bench
    for client in 0..<2 { bench.say(client, .sums(Self.sums()), round: 0) }
    for _ in 0..<5 { #expect(!bench.pass(.seconds(1)).contains(.prepare(round: 1))) }
    let actions = bench.handle(.normalized(Self.made))
    #expect(actions.contains(.prepare(round: 1)))
    #expect(actions.contains(.notice(.normalized(Self.made, clients: 2))))
    for client in 0..<2 {
      guard case .welcome(let welcome)? = actions.mail(to: client).first else {
        Issue.record("client \(client) isn't told")
        return
      }
      #expect(welcome.normalization == Self.made)
    }
    // Who joins later hears of it as well.
    let late = bench.ask(1)
    guard case .welcome(let welcome)? = late.mail(to: 1).first else {
      Issue.record("no welcome")
      return
    }
    #expect(welcome.normalization == Self.made)
  }

  @Test func `a broker that knows the normalization from before doesn't measure`() {
    var bench = BrokerBench(plan: Self.plan(clients: 2))
    bench.machine = BrokerMachine(plan: bench.machine.plan, normalization: Self.made)
    let actions = (0..<2).flatMap { bench.join($0) }
    #expect(actions.contains(.prepare(round: 1)))
    guard case .welcome(let welcome)? = actions.mail(to: 0).first else {
      Issue.record("no welcome")
      return
    }
    #expect(welcome.normalization == Self.made)
    #expect(bench.say(0, .sums(Self.sums()), round: 0).counts == ["late sums"])
  }

  @Test func `a client that vanishes holds nothing up beyond the silence, a slow one the deadline`()
  {
    let rules = RoundRules(clientsPerRound: 3, deadline: .seconds(100))
    var bench = Self.measuring(Self.plan(clients: 3, rules: rules)).bench
    bench.say(0, .sums(Self.sums()), round: 0)
    bench.say(1, .sums(Self.sums()), round: 0)
    #expect(Self.result(bench.pass(.seconds(29))) == nil)
    var slow = bench
    #expect(Self.result(bench.pass(.seconds(1)))?.sums.map(\.client) == [0, 1])
    for _ in 0..<3 {
      slow.say(2, .heartbeat(.idle), round: 0)
      #expect(Self.result(slow.pass(.seconds(20))) == nil)
    }
    slow.say(2, .heartbeat(.idle), round: 0)
    #expect(Self.result(slow.pass(.seconds(11)))?.sums.map(\.client) == [0, 1])
  }

  @Test func `fewer clients than the minimum make no normalization, however long it takes`() throws
  {
    let rules = RoundRules(
      clientsPerRound: 3, deadline: .seconds(10), patience: .seconds(1000))
    let plan = Self.plan(clients: 3, rules: rules) { $0.minimumClients = 2 }
    var bench = Self.measuring(plan).bench
    bench.say(0, .sums(Self.sums()), round: 0)
    bench.say(1, .decline(.noData, detail: "none"), round: 0)
    bench.say(2, .leave(worker: 102), round: 0)
    let waiting = bench.pass(.seconds(500))
    #expect(Self.result(waiting) == nil)
    let shortage = try #require(waiting.shortage)
    #expect(shortage.able == 1 && shortage.needed == 2)
    #expect(shortage.missing == [2] && shortage.unable == [1])
    // Who comes back is asked.
    var other = bench
    #expect(
      other.ask(2).mail(to: 2).contains {
        if case .announce(let announce) = $0 { announce.state == .measuring } else { false }
      })
    let late = other.say(2, .sums(Self.sums()), round: 0)
    #expect(Self.result(late)?.sums.map(\.client) == [0, 2])
    let surrender = try #require(bench.pass(.seconds(500)).surrender)
    #expect(surrender.isOverdue && surrender.shortage.needed == 2)
  }

  @Test func `a pause isn't time for which sums are waited for`() {
    let rules = RoundRules(
      clientsPerRound: 3, deadline: .seconds(10), patience: .seconds(60))
    let plan = Self.plan(clients: 3, rules: rules) { $0.minimumClients = 2 }
    var bench = Self.measuring(plan).bench
    bench.say(0, .sums(Self.sums()), round: 0)
    bench.pass(.seconds(50))
    bench.handle(.ordered(.pause))
    #expect(bench.pass(.seconds(500)).surrender == nil)
    #expect(bench.handle(.ordered(.resume)).surrender == nil)
    #expect(bench.pass(.seconds(59)).surrender == nil)
    var other = bench
    #expect(Self.result(other.say(1, .sums(Self.sums()), round: 0))?.sums.count == 2)
    #expect(bench.pass(.seconds(2)).surrender?.isOverdue == true)
  }

  @Test func `a deadline that is set ends the measuring, but never without enough sums`() {
    let rules = RoundRules(clientsPerRound: 3, deadline: .seconds(20))
    var bench = Self.measuring(Self.plan(clients: 3, rules: rules) { $0.minimumClients = 2 }).bench
    bench.say(0, .sums(Self.sums()), round: 0)
    bench.pass(.seconds(5))
    let ordered = bench.handle(.ordered(.deadline(.seconds(4))))
    #expect(
      ordered.answer
        == .done(
          "the measuring of clients' samples ends in 4.0 s at the latest; before, it was 15.0 s; but "
            + "not without the sums of 2 clients, of which 1 are here (evaluation.minimum.clients)")
    )
    guard case .announce(let announce)? = ordered.published.last else {
      Issue.record("nobody is told")
      return
    }
    #expect(announce.state == .measuring && announce.remaining == 4000)
    #expect(Self.result(bench.pass(.seconds(10))) == nil)
    #expect(Self.result(bench.say(1, .sums(Self.sums()), round: 0))?.sums.count == 2)
    #expect(
      bench.handle(.ordered(.deadline(.seconds(4)))).answer
        == .refused("no round is open: the normalization is being made"))
  }

  @Test func `a deadline that is set ends the measuring with the sums that are here`() {
    let rules = RoundRules(clientsPerRound: 2, deadline: .seconds(100))
    var bench = Self.measuring(Self.plan(clients: 2, rules: rules)).bench
    bench.say(0, .sums(Self.sums()), round: 0)
    #expect(
      bench.handle(.ordered(.deadline(.seconds(4)))).answer
        == .done(
          "the measuring of clients' samples ends in 4.0 s at the latest; before, it was 100.0 s"))
    #expect(bench.machine.wakeTime ?? .seconds(9) <= .seconds(4))
    #expect(Self.result(bench.pass(.seconds(3))) == nil)
    #expect(Self.result(bench.pass(.seconds(1)))?.sums.map(\.client) == [0])
  }

  @Test func `who has fewer samples than the minimum isn't asked, and its sums don't count`() {
    var bench = BrokerBench(plan: Self.plan(clients: 2) { $0.minimumSamples = 5 })
    for (client, samples) in [4, 10].enumerated() {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, samples: samples)
    }
    let actions = bench.pass(.seconds(1))
    guard case .announce(let announce)? = actions.published.last else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.selected == [1])
    #expect(
      bench.say(0, .sums(Self.sums(4)), round: 0).counts == ["report that wasn't asked for"])
    let refused = bench.say(1, .sums(Self.sums(4)), round: 0)
    #expect(refused.counts == ["sums refused", "malformed update"])
    #expect(
      refused.mail(to: 1).contains {
        if case .refuse(.malformed, nil, let detail) = $0 {
          detail.contains("below 5 (evaluation.minimum.samples)")
        } else {
          false
        }
      })
  }

  @Test(arguments: [
    (SampleSums(samples: 11, values: 44, sums: [0, 0], squares: [1, 1]), "beyond 10"),
    (SampleSums(samples: 10, values: 41, sums: [0, 0], squares: [1, 1]), "values is 41"),
    (SampleSums(samples: 10, values: 40, sums: [0], squares: [1]), "for 2 channels"),
    (
      SampleSums(samples: 10, values: 40, sums: [0, 0], squares: [1, 1], labels: [10]),
      "labels has 1"
    ),
    (SampleSums(samples: 10, values: 40, sums: [0, .nan], squares: [1, 1]), "channel 1"),
    (SampleSums(samples: 10, values: 40, sums: [1e9, 0], squares: [1e20, 1]), "a mean beyond"),
    (
      SampleSums(samples: 10, values: 40, sums: [0, 0], squares: [1e15, 1]), "a mean square beyond"
    ),
    (SampleSums(samples: 10, values: 40, sums: [0, 0], squares: [1, -1]), "squares has -1"),
    (SampleSums(samples: 10, values: 40, sums: [40, 0], squares: [39, 1]), "which no 40"),
    (SampleSums(samples: 10, values: 40, sums: [0, 0], squares: [.infinity, 1]), "channel 0"),
  ])
  func `sums that can't be are refused for what is wrong with them, and counted`(
    sums: SampleSums, words: String
  ) {
    var bench = BrokerBench(plan: Self.plan(clients: 2))
    for client in 0..<2 {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, samples: 10)
    }
    let refused = bench.say(0, .sums(sums), round: 0)
    #expect(refused.counts.contains("sums refused"))
    let detail = refused.mail(to: 0).compactMap { body -> String? in
      if case .refuse(.malformed, nil, let detail) = body { detail } else { nil }
    }
    #expect(detail.count == 1 && detail[0].contains(words), "\(detail)")
    // It counts neither now nor when it is mended.
    #expect(bench.say(0, .sums(Self.sums()), round: 0).counts.contains("sums refused"))
    let end = bench.say(1, .sums(Self.sums()), round: 0)
    #expect(Self.result(end)?.sums.map(\.client) == [1])
  }

  @Test func `people see who is asked for sums, and whose are here`() {
    var bench = Self.measuring(Self.plan(clients: 3)).bench
    bench.say(0, .sums(Self.sums()), round: 0)
    bench.say(1, .decline(.noData, detail: "none"), round: 0)
    let presence = bench.machine.presence(at: bench.now)
    #expect(presence.measuring == true && presence.state == .waiting)
    #expect(presence.accepted == 1 && presence.selected == 3)
    #expect(presence.workers.flatMap(\.clients).map(\.does) == [.done, .declined, .asked])
    bench.say(2, .sums(Self.sums()), round: 0)
    bench.handle(.normalized(Self.made))
    #expect(bench.machine.presence(at: bench.now).measuring == nil)
  }

  @Test func `repeated sums count once, and an excluded client's not at all`() {
    var bench = Self.measuring(Self.plan(clients: 3)).bench
    bench.say(0, .sums(Self.sums(10, 1)), round: 0)
    let again = bench.say(0, .sums(Self.sums(10, 2)), round: 0)
    #expect(again.counts == ["repeated sums"] && again.mail(to: 0) == [.noted(.sums)])
    bench.say(1, .sums(Self.sums()), round: 0)
    bench.handle(.ordered(.evict(client: 1)))
    let result = Self.result(bench.say(2, .sums(Self.sums()), round: 0))
    #expect(result?.sums.map(\.client) == [0, 2])
    #expect(result?.sums.first?.sums.sums == [1, 0])
  }

  @Test func `sums that nobody asked for are counted and change nothing`() {
    var bench = BrokerBench.open(clients: 2)
    #expect(
      bench.say(0, .sums(Self.sums()), round: 0).counts == ["report that wasn't asked for"])
  }
}
