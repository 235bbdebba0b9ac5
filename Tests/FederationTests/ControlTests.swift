import Federation
import Testing
import Wire

/// Orders of whoever runs the broker.
struct ControlTests {
  private func rules(
    _ clients: Int, minimum: Int? = nil, deadline: Duration = .seconds(60),
    patience: Duration = .seconds(600)
  ) -> RoundRules {
    var rules = RoundRules(clientsPerRound: clients)
    rules.minimumClients = minimum ?? clients
    rules.deadline = deadline
    rules.patience = patience
    return rules
  }

  private func states(_ actions: [BrokerAction]) -> [Announce.State] {
    actions.published.compactMap { message in
      guard case .announce(let announce) = message else { return nil }
      return announce.state
    }
  }

  @Test func `a paused run opens no round, says so, and blames nobody; resumed it goes on`() {
    var bench = BrokerBench(
      plan: BrokerBench.plan(clients: 2, rules: rules(2, patience: .seconds(60))))
    #expect(bench.handle(.ordered(.pause)).answer?.ok == true)
    for client in 0..<2 { bench.join(client) }
    let prepared = bench.prepare(1)
    #expect(prepared.selected == nil && bench.machine.openRound == nil)
    for _ in 0..<100 {
      let actions = bench.pass(.seconds(1))
      #expect(states(actions) == [.paused])
      #expect(actions.shortage == nil && actions.surrender == nil)
      #expect(bench.machine.wakeTime ?? .zero > bench.now, "it doesn't spin")
    }
    let resumed = bench.handle(.ordered(.resume))
    #expect(resumed.answer?.ok == true && resumed.counts == ["control: resume"])
    #expect(resumed.selected == [0, 1] && bench.machine.openRound == 1)
  }

  @Test func `after a pause the patience for clients begins anew`() {
    var bench = BrokerBench(
      plan: BrokerBench.plan(clients: 2, rules: rules(2, patience: .seconds(60))))
    for client in 0..<2 { bench.join(client) }
    bench.handle(.ordered(.pause))
    bench.prepare(1)
    bench.handle(.unsubscribed(.client(1)))
    bench.pass(.seconds(500))
    bench.handle(.ordered(.resume))
    #expect(bench.pass(.seconds(59)).surrender == nil)
    #expect(bench.pass(.seconds(2)).surrender?.isOverdue == true)
  }

  @Test func `a pause lets the open round end, and no other begin`() {
    var bench = BrokerBench.open(clients: 2)
    let answer = bench.handle(.ordered(.pause)).answer
    #expect(answer?.text.hasPrefix("round 1 goes on to its end") == true)
    #expect(bench.upload(0).result == nil)
    #expect(bench.upload(1).result?.acceptedClients == [0, 1])
    #expect(bench.prepare(2).selected == nil)
    #expect(states(bench.pass(.seconds(2))) == [.paused])
    #expect(bench.handle(.ordered(.pause)).answer == .refused("the run is paused already"))
    #expect(bench.handle(.ordered(.resume)).selected == [0, 1])
    #expect(bench.handle(.ordered(.resume)).answer == .refused("the run isn't paused"))
  }

  @Test func `a pause doesn't keep a run from its end`() {
    var bench = BrokerBench.open(clients: 1, rounds: [1])
    bench.handle(.ordered(.pause))
    bench.upload(0)
    bench.prepare(2)
    #expect(bench.pass(.seconds(1)).published.contains(.finished(complete: true)))
  }

  @Test func `draining ends the open round as ever, then stops the run to go on another time`() {
    var bench = BrokerBench.open(clients: 2)
    #expect(bench.handle(.ordered(.drain)).answer?.ok == true)
    bench.upload(0)
    #expect(bench.upload(1).result?.acceptedClients == [0, 1])
    // Not before the round is safe.
    #expect(bench.pass(.seconds(1)).published.contains(.finished(complete: false)) == false)
    #expect(bench.prepare(2).published == [.finished(complete: false)])
    #expect(bench.handle(.ordered(.drain)).answer == .refused("the run is ending"))
    #expect(bench.handle(.ordered(.pause)).answer == .refused("the run is ending"))
  }

  @Test func `draining between rounds stops the run at once, also when it is paused`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2, rules: rules(2)))
    bench.handle(.ordered(.pause))
    bench.join(0)
    #expect(bench.handle(.ordered(.drain)).published == [.finished(complete: false)])
  }

  @Test func `draining the last round ends a complete run`() {
    var bench = BrokerBench.open(clients: 1, rounds: [1])
    bench.handle(.ordered(.drain))
    bench.upload(0)
    #expect(bench.prepare(2).published == [.finished(complete: true)])
  }

  private var eviction: Downlink {
    .refuse(
      .evicted, retry: 10_000, detail: "whoever runs the broker has excluded this client")
  }

  @Test func `an excluded client is told, and the round goes on without it`() throws {
    var bench = BrokerBench.open(clients: 3)
    bench.say(1, BrokerBench.wants())
    bench.say(1, .offer(BrokerBench.offer()))
    let actions = bench.handle(.ordered(.evict(client: 1)))
    #expect(actions.answer?.ok == true && actions.mail(to: 1) == [eviction])
    #expect(Set(actions.counts) == ["evicted", "control: evict"])
    #expect(actions.contains(.release(client: 1)), "its room is free again")
    #expect(bench.machine.present == [0, 2] && bench.machine.control.evicted == [1])
    bench.upload(0)
    let result = try #require(bench.upload(2).result)
    #expect(result.acceptedClients == [0, 2])
    #expect(result.outcomes.first { $0.client == 1 }?.outcome == .refused(.evicted))
  }

  @Test func `an excluded client stays out, whoever plays it, until it is admitted`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    #expect(bench.handle(.ordered(.evict(client: 1))).answer?.ok == true)
    // It asks before it listens, and after.
    #expect(bench.ask(1).mail(to: 1) == [])
    #expect(bench.handle(.subscribed(.client(1))).mail(to: 1) == [eviction])
    #expect(bench.ask(1, worker: 5).mail(to: 1) == [eviction])
    #expect(bench.machine.present == [])
    #expect(bench.handle(.ordered(.evict(client: 1))).answer?.ok == false)
    #expect(bench.handle(.ordered(.readmit(clients: [0]))).answer?.ok == false)
    #expect(bench.handle(.ordered(.readmit(clients: [0, 1]))).answer?.ok == true)
    #expect(bench.ask(1, worker: 5).addressees == [5])
    #expect(bench.machine.present == [1])
  }

  @Test func `who is excluded or let in is told until it asks, however much gets lost`() {
    var bench = BrokerBench.open(clients: 2)
    bench.handle(.ordered(.evict(client: 1)))
    for _ in 0..<3 { #expect(bench.pass(.seconds(1)).mail(to: 1) == [eviction]) }
    #expect(bench.ask(1).mail(to: 1) == [eviction])
    #expect(bench.pass(.seconds(1)).mail(to: 1) == [])
    func isAsked(_ actions: [BrokerAction]) -> Bool {
      actions.mail(to: 1).contains { message in
        guard case .refuse(.wrongClient, retry: 1, _) = message else { return false }
        return true
      }
    }
    #expect(isAsked(bench.handle(.ordered(.readmit(clients: [1])))))
    #expect(isAsked(bench.pass(.seconds(1))))
    #expect(bench.ask(1).addressees == [101])
    #expect(!isAsked(bench.pass(.seconds(1))))
    #expect(bench.machine.present == [0, 1])
  }

  @Test func `an update that had arrived whole counts, also of an excluded client`() throws {
    var bench = BrokerBench.open(clients: 2)
    let offer = BrokerBench.offer(10)
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 10))
    bench.handle(.ordered(.evict(client: 0)))
    bench.handle(.stored(round: 1, client: 0, .accepted))
    #expect(try #require(bench.upload(1).result).acceptedClients == [0, 1])
  }

  @Test func `clients that there aren't can't be excluded`() {
    var bench = BrokerBench.open(clients: 2)
    for client in [-1, 2] {
      #expect(
        bench.handle(.ordered(.evict(client: client))).answer
          == .refused("there is no client \(client): the topology has clients 0 to 1"))
    }
  }

  @Test func `clients that were excluded before a restart still are`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.machine = BrokerMachine(plan: bench.machine.plan, evicted: [0])
    #expect(bench.join(0).mail(to: 0) == [eviction])
    #expect(bench.join(1).addressees == [101])
  }

  @Test func `the open round's deadline can be set, sooner or later`() throws {
    var bench = BrokerBench.open(clients: 2, rules: rules(2))
    bench.upload(0)
    bench.now = .seconds(10)
    #expect(bench.handle(.ordered(.deadline(.seconds(120)))).answer?.ok == true)
    bench.now = .seconds(100)
    #expect(bench.handle(.tick).result == nil)
    #expect(bench.handle(.ordered(.deadline(.seconds(5)))).answer?.text.contains("30.0 s") == true)
    #expect(bench.pass(.seconds(4.9)).result == nil)
    let result = try #require(bench.pass(.seconds(0.1)).result)
    #expect(result.acceptedClients == [0])
    #expect(
      bench.handle(.ordered(.deadline(.seconds(5)))).answer
        == .refused("no round is open: the next model is being made"))
  }

  @Test func `before the first round a deadline ends the wait for all clients`() throws {
    var rules = rules(3, minimum: 2)
    rules.joinTimeout = .seconds(600)
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 3, rules: rules))
    for client in 0..<2 { bench.join(client) }
    bench.pass(.seconds(60))
    let answer = try #require(bench.handle(.ordered(.deadline(.seconds(5)))).answer)
    #expect(
      answer
        == .done(
          "the wait for all 3 clients ends in 5.0 s at the latest; before, it was 540.0 s; "
            + "then the next round takes 2 of them"))
    #expect(!bench.pass(.seconds(4)).contains(.prepare(round: 1)))
    #expect(bench.pass(.seconds(1)).contains(.prepare(round: 1)))
  }

  @Test func `a deadline is refused, and why, where nothing has an end to set`() throws {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2, rules: rules(2)))
    for client in 0..<2 { bench.join(client) }
    bench.handle(.unsubscribed(.client(1)))
    bench.prepare(1)
    let waiting = try #require(bench.handle(.ordered(.deadline(.seconds(5)))).answer)
    #expect(!waiting.ok && waiting.text.contains("1 of 2 needed are here; participation.patience"))
    bench.handle(.stop)
    #expect(
      bench.handle(.ordered(.deadline(.seconds(5)))).answer == .refused("the run is ending"))
  }
}

extension RoundResult {
  /// The clients whose updates count.
  fileprivate var acceptedClients: [Int] {
    outcomes.compactMap { client, outcome in
      guard case .accepted = outcome else { return nil }
      return client
    }
  }
}
