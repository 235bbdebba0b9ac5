import Federation
import Testing
import Wire

/// News of workers that come and go.
struct WorkerWatchTests {
  private var bench: BrokerBench
  private let place = WorkerPlace(name: "site-1", address: "10.0.0.7")

  init() {
    var rules = RoundRules(clientsPerRound: 3)
    rules.minimumClients = 3
    rules.deadline = .seconds(600)
    bench = BrokerBench(plan: BrokerBench.plan(clients: 4, rules: rules))
  }

  @discardableResult
  private mutating func join(
    _ client: Int, worker: UInt64 = 7, _ place: WorkerPlace?
  ) -> [BrokerAction] {
    let join = Join(worker: worker, plan: BrokerBench.digest, maximalStage: nil)
    return bench.handle(.subscribed(.client(client)))
      + bench.handle(.message(Message(Header(client: client), .join(join)), from: place))
  }

  private func news(_ actions: [BrokerAction]) -> [WorkerNews] {
    actions.compactMap { action in
      guard case .notice(.worker(let news)) = action else { return nil }
      return news
    }
  }

  private func group(_ clients: Int...) -> WorkerGroup {
    WorkerGroup(place: place, clients: clients)
  }

  @Test mutating func `a worker that comes is told of once, with all of its clients`() {
    #expect(news(bench.handle(.tick)).isEmpty)
    for client in [2, 0, 1] { #expect(news(join(client, place)).isEmpty) }
    #expect(news(bench.pass(.seconds(1))) == [.came(group(0, 1, 2))])
    join(1, place)
    #expect(news(bench.pass(.seconds(1))).isEmpty, "it only said again that it is there")
  }

  @Test
  mutating func `a worker whose connection is gone is told of within the announcement's time`() {
    for client in 0..<3 { join(client, place) }
    bench.pass(.seconds(1))
    for client in 0..<3 { bench.handle(.unsubscribed(.client(client))) }
    #expect(news(bench.pass(.seconds(1))) == [.vanished(group(0, 1, 2))])
    #expect(news(bench.pass(.seconds(1))).isEmpty, "once")
    join(0, place)
    #expect(news(bench.pass(.seconds(1))) == [.came(group(0))])
  }

  @Test mutating func `a connection that is back at once is no news`() {
    for client in 0..<3 { join(client, place) }
    bench.pass(.seconds(1))
    for client in 0..<3 { bench.handle(.unsubscribed(.client(client))) }
    for client in 0..<2 { join(client, place) }
    #expect(news(bench.pass(.seconds(1))) == [.vanished(group(2))])
  }

  @Test mutating func `a worker that says that it goes hasn't vanished`() {
    for client in 0..<2 { join(client, place) }
    bench.pass(.seconds(1))
    for client in 0..<2 {
      bench.say(client, .leave(worker: 7))
      bench.handle(.unsubscribed(.client(client)))
    }
    #expect(news(bench.pass(.seconds(1))) == [.left(group(0, 1))])
  }

  @Test(arguments: [false, true])
  mutating func `clients that are taken for gone are told of once, and when they are back`(
    isJoin: Bool
  ) {
    for client in 0..<3 { join(client, place) }
    bench.pass(.seconds(1))
    // Another worker listens to their mailboxes.
    for client in 1...2 {
      bench.handle(.subscribed(.client(client)))
      bench.handle(.unsubscribed(.client(client)))
      bench.handle(.disconnected(client: client))
    }
    #expect(news(bench.pass(.seconds(1))).isEmpty)
    #expect(news(bench.pass(.seconds(7))) == [.vanished(group(1, 2))])
    // That nobody listens any more is no more news of them.
    bench.handle(.unsubscribed(.client(2)))
    #expect(news(bench.pass(.seconds(1))).isEmpty, "once")
    if isJoin { join(1, place) } else { bench.say(1, .heartbeat(.idle)) }
    #expect(bench.machine.present == [0, 1])
    #expect(news(bench.pass(.seconds(1))) == [.heard(group(1))])
    #expect(news(bench.pass(.seconds(1))).isEmpty, "once")
    // It may be taken for gone again.
    bench.handle(.disconnected(client: 1))
    bench.pass(.seconds(1))
    #expect(news(bench.pass(.seconds(7))) == [.vanished(group(1))])
  }

  @Test mutating func `a client whose subscription alone is back is told of as heard, once`() {
    for client in 0..<2 { join(client, place) }
    bench.pass(.seconds(1))
    bench.handle(.unsubscribed(.client(1)))
    #expect(news(bench.pass(.seconds(1))) == [.vanished(group(1))])
    bench.handle(.subscribed(.client(1)))
    #expect(news(bench.pass(.seconds(1))) == [.heard(group(1))])
    join(1, place)
    #expect(news(bench.pass(.seconds(1))).isEmpty)
  }

  @Test mutating func `clients at work that fall silent are told of by name, once, and when heard`()
  {
    for client in 0..<4 { join(client, place) }
    bench.prepare(1)
    bench.pass(.seconds(1))
    let selected = bench.machine.presence(at: bench.now).workers[0].clients
      .filter { $0.does != .idle }.map(\.client)
    #expect(selected.count == 3)
    for client in selected { bench.say(client, BrokerBench.wants()) }
    bench.pass(.seconds(10))
    bench.say(selected[0], .heartbeat(.training))
    let silent = WorkerGroup(place: place, clients: Array(selected[1...]))
    #expect(news(bench.pass(.seconds(20))) == [.silent(silent, for: .seconds(30))])
    #expect(news(bench.pass(.seconds(1))).isEmpty, "once")
    bench.say(selected[0], .heartbeat(.training))
    bench.say(selected[1], .heartbeat(.training))
    #expect(news(bench.pass(.seconds(1))) == [.heard(group(selected[1]))])
  }

  @Test
  mutating func `an idle worker that isn't heard is asked, then named with all of its clients`() {
    for client in 0..<3 { join(client, place) }
    bench.pass(.seconds(10))
    bench.say(1, .heartbeat(.idle))
    // A word of one client is one of its worker.
    #expect(asked(bench.pass(.seconds(14))).isEmpty)
    #expect(asked(bench.pass(.seconds(1))) == [0])
    #expect(asked(bench.pass(.seconds(1))).isEmpty, "once")
    #expect(news(bench.pass(.seconds(13))).isEmpty)
    #expect(news(bench.pass(.seconds(1))) == [.silent(group(0, 1, 2), for: .seconds(30))])
    #expect(news(bench.pass(.seconds(1))).isEmpty, "once")
    bench.say(2, .heartbeat(.idle))
    #expect(news(bench.pass(.seconds(1))) == [.heard(group(0, 1, 2))])
  }

  @Test mutating func `an idle worker that answers the question is never missed`() {
    for client in 0..<2 { join(client, place) }
    #expect(news(bench.pass(.seconds(1))) == [.came(group(0, 1))])
    join(0, place)
    for _ in 0..<5 {
      #expect(news(bench.pass(.seconds(14))).isEmpty)
      #expect(asked(bench.pass(.seconds(1))) == [0])
      #expect(news(join(0, place)).isEmpty)
    }
  }

  @Test mutating func `a broker that was away itself asks before it says who is silent`() {
    for client in 0..<2 { join(client, place) }
    bench.pass(.seconds(1))
    bench.now += .seconds(300)
    let late = bench.handle(.tick)
    #expect(news(late).isEmpty && asked(late) == [0])
    join(0, place)
    #expect(news(bench.pass(.seconds(1))).isEmpty)
  }

  /// The clients that are asked whether they are there.
  private func asked(_ actions: [BrokerAction]) -> [Int] {
    actions.compactMap { action in
      guard case .send(.client(let client), let message) = action,
        case .refuse(.wrongClient, retry: 1, _) = message.body
      else { return nil }
      return client
    }
  }

  @Test mutating func `where only numbers are known, as in virtual time, nobody is told`() {
    for client in 0..<3 { join(client, nil) }
    #expect(news(bench.pass(.seconds(1))).isEmpty)
    bench.handle(.unsubscribed(.client(0)))
    bench.say(1, .leave(worker: 7))
    #expect(news(bench.pass(.seconds(1))).isEmpty)
  }

  @Test mutating func `at the run's end nobody is missed`() {
    for client in 0..<3 { join(client, place) }
    bench.pass(.seconds(1))
    bench.handle(.stop)
    for client in 0..<2 { bench.handle(.unsubscribed(.client(client))) }
    #expect(news(bench.pass(.seconds(1))).isEmpty)
  }

  @Test func `a worker is named with its host, or its process on this machine`() {
    #expect(place.description == "worker site-1 at 10.0.0.7")
    #expect(WorkerPlace(name: "a", process: 42).description == "worker a, process 42")
    #expect(WorkerPlace(name: "a").description == "worker a")
  }
}
