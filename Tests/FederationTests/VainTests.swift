import Federation
import Progressive
import Testing
import Wire

/// Clients that can't train: they say so once, and aren't asked in vain again.
@Suite struct VainTests {
  /// A bench of four clients in round 1, in which client 0 has said that it has no samples.
  private func bench(_ rules: RoundRules = RoundRules(clientsPerRound: 4)) -> BrokerBench {
    var bench = BrokerBench.open(clients: 4, rounds: [5], rules: rules)
    bench.say(0, .decline(.noData, detail: ""))
    return bench
  }

  @Test(arguments: Sampling.allCases)
  func `a client without samples isn't asked again`(sampling: Sampling) {
    var bench = bench(RoundRules(clientsPerRound: 4, sampling: sampling))
    for round in 1...4 {
      for client in 1...3 { bench.upload(client, round: round) }
      #expect(bench.prepare(round + 1).selected == [1, 2, 3], "round \(round + 1)")
    }
  }

  @Test func `that is also learnt when it is said too late`() {
    var bench = BrokerBench.open(
      clients: 2, rules: RoundRules(clientsPerRound: 2, deadline: .seconds(60)))
    bench.upload(1)
    bench.pass(.seconds(60))
    #expect(bench.say(0, .decline(.noData, detail: "")).counts == ["late decline"])
    #expect(bench.prepare(2).selected == [1])
  }

  @Test func `who joins anew is asked again, in the same process or another`() {
    for worker: UInt64 in [100, 900] {
      var bench = bench()
      if worker == 900 { bench.handle(.unsubscribed(.client(0))) }
      bench.join(0, worker: worker)
      for client in 1...3 { bench.upload(client) }
      #expect(bench.prepare(2).selected == [0, 1, 2, 3], "worker \(worker)")
    }
  }

  @Test func `who left and comes back is asked again`() {
    var bench = bench()
    bench.say(0, .leave(worker: 100))
    bench.join(0)
    for client in 1...3 { bench.upload(client) }
    #expect(bench.prepare(2).selected == [0, 1, 2, 3])
  }

  @Test func `a restarted broker knows who has no samples, unless another worker plays the client`()
  {
    var bench = bench()
    var actions: [BrokerAction] = []
    for client in 1...3 { actions += bench.upload(client) }
    var history = ParticipationHistory()
    for case .close(let result) in actions { history.note(result) }
    for worker: UInt64 in [100, 900] {
      let plan = BrokerBench.plan(
        clients: 4, rounds: [5], rules: RoundRules(clientsPerRound: 4), epoch: 2)
      var next = BrokerBench(plan: plan)
      next.machine = BrokerMachine(plan: plan, round: 2, history: history)
      for client in 0..<4 { next.join(client, worker: client == 0 ? worker : nil) }
      #expect(next.prepare(2).selected == (worker == 100 ? [1, 2, 3] : [0, 1, 2, 3]))
    }
  }

  @Test func `a buffer asks others in place of who has no samples, and not the same again`() {
    let rules = RoundRules(
      clientsPerRound: 2, stragglers: .buffered(size: 2, maximalStaleness: 3))
    var bench = BrokerBench.open(clients: 4, rounds: [9], rules: rules)
    guard let asked = bench.pass(.seconds(1)).selected, asked.count == 2 else {
      Issue.record("nobody is asked")
      return
    }
    let idle = asked[0]
    bench.say(idle, .decline(.noData, detail: ""))
    for round in 1...5 {
      let now = bench.pass(.seconds(1)).selected ?? []
      #expect(round == 1 || !now.contains(idle), "round \(round)")
      for client in now { bench.upload(client, round: round) }
      bench.prepare(round + 1)
    }
  }

  @Test func `a stage that is too deep isn't asked for again`() {
    var bench = BrokerBench.open(clients: 3, rounds: [3], rules: RoundRules(clientsPerRound: 3))
    bench.say(0, .decline(.tooDeep, detail: ""))
    bench.say(0, .decline(.tooDeep, detail: ""))  // it is said again while it isn't known
    for client in 1...2 { bench.upload(client) }
    #expect(bench.prepare(2).selected == [1, 2])
  }

  @Test func `an offer takes back that there are no samples`() {
    var bench = bench()
    for client in 0...3 { bench.upload(client) }
    #expect(bench.prepare(2).selected == [0, 1, 2, 3])
  }

  @Test func `an update of no samples is refused before it is sent, and not asked for again`() {
    var bench = BrokerBench.open(clients: 2)
    var offer = BrokerBench.offer()
    offer.samples = 0
    let actions = bench.say(0, .offer(offer))
    #expect(actions.counts == ["malformed update"] && actions.granted.isEmpty)
    bench.upload(1)
    #expect(bench.prepare(2).selected == [1])
  }

  @Test func `what went wrong once may go well: such clients are asked again`() {
    for reason in [DeclineReason.diverged, .failed] {
      var bench = BrokerBench.open(clients: 2)
      bench.say(0, .decline(reason, detail: ""))
      bench.upload(1)
      #expect(bench.prepare(2).selected == [0, 1])
    }
  }

  @Test func `clients that can't train don't make up the least number`() throws {
    let rules = RoundRules(clientsPerRound: 4, minimumClients: 4)
    var bench = bench(rules)
    for client in 1...3 { bench.upload(client) }
    let surrender = try #require(bench.prepare(2).surrender)
    #expect(surrender.shortage.able == 3 && surrender.shortage.needed == 4)
    #expect(surrender.shortage.unable == [0] && !surrender.isOverdue)
    #expect(bench.pass(.seconds(5)).last == .finished(complete: false))
  }

  @Test func `a client without samples fetches nothing, and says so again where that got lost`() {
    var bench = ClientBench.member()
    bench.handle(.has(.dealt(samples: 0)))
    let first = bench.announce(1).sent
    #expect(first == [.decline(.noData, detail: "it has no samples")])
    #expect(bench.announce(1).sent == first)
    #expect(bench.announce(2).sent == first)
    bench.handle(.has(.dealt(samples: 1)))
    #expect(bench.announce(3).sent.first == .want(worker: 40, needs: ClientBench.needs))
  }
}
