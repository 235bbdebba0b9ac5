import Bytes
import Federation
import Testing
import Wire

@Suite struct BrokerJoinTests {
  private let welcome = Downlink.welcome(
    Welcome(seed: 5, rounds: 2, announceInterval: 1000, chunkBytes: 256 << 10))

  @Test func `a client is welcomed once its request and its subscription are here, in both orders`()
  {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    #expect(bench.ask(0).mail(to: 0).isEmpty)
    #expect(bench.handle(.subscribed(.client(0))).mail(to: 0) == [welcome])
    #expect(bench.handle(.subscribed(.client(1))).mail(to: 1).isEmpty)
    #expect(bench.machine.present == [0])
    #expect(bench.ask(1).mail(to: 1) == [welcome])
    #expect(bench.machine.present == [0, 1])
  }

  @Test func `a repeated request is answered again`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0)
    #expect(bench.ask(0).mail(to: 0) == [welcome])
    #expect(bench.machine.present == [0])
  }

  @Test func `a client with another plan, or that the fleet hasn't, is refused for good`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    func reasons(_ actions: [BrokerAction], _ client: Int) -> [RefusalReason] {
      actions.mail(to: client).compactMap {
        guard case .refuse(let reason, retry: nil, _) = $0 else { return nil }
        return reason
      }
    }
    #expect(reasons(bench.ask(0, plan: Digest(of: [9])), 0) == [.wrongPlan])
    #expect(reasons(bench.ask(2), 2) == [.wrongClient])
    #expect(bench.machine.present.isEmpty)
  }

  /// How long a refused worker is to wait, for each refusal, by the worker that it is for.
  private func waits(_ actions: [BrokerAction]) -> [UInt64: Int] {
    var waits: [UInt64: Int] = [:]
    for case .send(.client, let message) in actions {
      guard case .refuse(.wrongClient, let retry?, _) = message.body else { continue }
      waits[message.header.worker ?? 0] = retry
    }
    return waits
  }

  @Test
  func `a second worker waits while the first is heard, and replaces one that doesn't answer`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    bench.now += .seconds(29)
    #expect(waits(bench.ask(0, worker: 2)) == [2: 2000])
    // After a silence the first is asked, and has two offer timeouts to answer.
    bench.now += .seconds(1)
    #expect(waits(bench.ask(0, worker: 2)) == [1: 1, 2: 2000])
    bench.now += .seconds(5)
    #expect(waits(bench.ask(0, worker: 2)) == [2: 2000])
    bench.now += .seconds(1)
    let actions = bench.ask(0, worker: 2)
    #expect(actions.mail(to: 0) == [welcome] && actions.addressees == [2])
  }

  @Test func `a worker that answers keeps its clients, however long it has said nothing`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    for _ in 0..<20 {
      bench.now += .seconds(30)
      #expect(waits(bench.ask(0, worker: 2)) == [1: 1, 2: 2000])
      #expect(bench.ask(0, worker: 1).addressees == [1])
      bench.now += .seconds(10)
      #expect(waits(bench.ask(0, worker: 2)) == [2: 2000])
      #expect(bench.machine.present == [0])
    }
  }

  @Test func `a refusal says who plays the client`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    func join(_ worker: UInt64, from place: WorkerPlace) -> [BrokerAction] {
      let join = Join(worker: worker, plan: BrokerBench.digest, maximalStage: nil)
      return bench.handle(.message(Message(Header(client: 0), .join(join)), from: place))
    }
    _ = join(1, from: WorkerPlace(name: "edge-1", address: "10.0.0.7"))
    bench.handle(.subscribed(.client(0)))
    let detail = "worker edge-1 at 10.0.0.7 plays this client"
    #expect(
      join(2, from: WorkerPlace(name: "edge-2", address: "10.0.0.8")).mail(to: 0)
        == [.refuse(.wrongClient, retry: 2000, detail: detail)])
  }

  @Test
  func `who comes back to a client that another plays by now is told so, or is asked to join`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    // Its connection breaks; another worker takes over, and the first one's connection returns.
    _ = bench.ask(0, worker: 2)
    bench.handle(.unsubscribed(.client(0)))
    bench.join(0, worker: 2)
    let back = bench.handle(.subscribed(.client(0)))
    #expect(back.mail(to: 0) == [welcome] && back.addressees == [2])
    // The other leaves while the first one is away once more.
    bench.handle(.unsubscribed(.client(0)))
    bench.say(0, .leave(worker: 2))
    #expect(waits(bench.handle(.subscribed(.client(0)))) == [0: 1])
    #expect(bench.ask(0, worker: 1).mail(to: 0) == [welcome])
    #expect(bench.machine.present == [0])
  }

  @Test
  func `when one of two that listen is gone, the one that plays is asked whether it is there`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    bench.handle(.subscribed(.client(0)))
    #expect(waits(bench.ask(0, worker: 2)) == [2: 2000])
    #expect(waits(bench.handle(.unsubscribed(.client(0)))) == [1: 1])
    bench.now += .seconds(6)
    #expect(bench.ask(0, worker: 2).mail(to: 0) == [welcome])
  }

  @Test func `who takes itself for a member and is none is asked to join`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    bench.say(0, .leave(worker: 1))
    let actions = bench.say(0, .heartbeat(.idle))
    #expect(actions.counts == ["message of a stranger"])
    #expect(waits(actions) == [0: 1])
  }

  @Test func `answers to a request name the worker that asked, as all hear them who listen`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    #expect(bench.join(0, worker: 1).addressees == [1])
    #expect(bench.ask(0, worker: 2).addressees == [2])
    #expect(bench.ask(0, worker: 3, plan: Digest(of: [9])).addressees == [3])
    #expect(bench.ask(5, worker: 4).addressees == [4])
  }

  @Test func `a worker without leave is refused, and who plays the client isn't touched`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    let actions = bench.handle(.forbidden(client: 0, worker: 2, detail: "not yours"))
    #expect(actions.mail(to: 0) == [.refuse(.notAuthorized, retry: nil, detail: "not yours")])
    #expect(actions.addressees == [2] && actions.counts == ["not authorized"])
    #expect(bench.machine.present == [0])
  }

  @Test func `a worker that loses its leave is taken out, and its client can be played by another`()
  {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    #expect(bench.handle(.forbidden(client: 0, worker: 1, detail: "gone")).addressees == [1])
    #expect(bench.machine.present.isEmpty)
    #expect(bench.say(0, .heartbeat(.idle)).counts == ["message of a stranger"])
    #expect(bench.ask(0, worker: 2).mail(to: 0) == [welcome])
  }

  @Test func `a worker without leave doesn't come in by the subscription of another`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    #expect(bench.ask(0, worker: 1).mail(to: 0).isEmpty)
    bench.handle(.forbidden(client: 0, worker: 1, detail: "no"))
    #expect(bench.handle(.subscribed(.client(0))).mail(to: 0).isEmpty)
  }

  @Test func `a second worker replaces one that is gone at once`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0, worker: 1)
    bench.handle(.unsubscribed(.client(0)))
    #expect(bench.machine.present.isEmpty)
    #expect(bench.join(0, worker: 2).mail(to: 0) == [welcome])
  }

  @Test func `a new socket's subscription outlives the old one's end`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0)
    bench.handle(.subscribed(.client(0)))
    bench.handle(.unsubscribed(.client(0)))
    #expect(bench.machine.present == [0])
    bench.handle(.unsubscribed(.client(0)))
    #expect(bench.machine.present.isEmpty)
  }

  @Test func `the first model is made when all have joined`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    #expect(!bench.join(0).contains(.prepare(round: 1)))
    #expect(bench.join(1).contains(.prepare(round: 1)))
  }

  @Test func `the first model is made without the missing when the time for joining is over`() {
    let rules = RoundRules(clientsPerRound: 2, minimumClients: 2, joinTimeout: .seconds(10))
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 3, rules: rules))
    bench.join(0)
    #expect(!bench.pass(.seconds(11)).contains(.prepare(round: 1)))
    #expect(bench.join(1).contains(.prepare(round: 1)))
  }

  @Test func `the time for joining counts from a restart`() {
    let plan = BrokerBench.plan(clients: 3, rules: RoundRules(clientsPerRound: 2), epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.now = .seconds(1000)
    bench.machine = BrokerMachine(plan: plan, round: 2, at: bench.now)
    #expect(!bench.join(0).contains(.prepare(round: 2)))
    #expect(bench.pass(.seconds(30)).contains(.prepare(round: 2)))
  }

  @Test func `while it waits it announces, says for whom, and wakes for that`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    for second in 0..<40 {
      #expect(bench.machine.wakeTime == .seconds(second))
      bench.now = .seconds(second)
      let actions = bench.handle(.tick)
      #expect(actions.published.count == 1)
      #expect(actions.shortage?.able == 0)
      #expect(actions.shortage?.needed == (second < 30 ? 2 : 1), "all, then the fewest")
      #expect(actions.shortage?.names == "not here: 0-1")
      #expect(bench.handle(.tick).isEmpty)
    }
  }

  @Test func `strangers without a mailbox and messages of other runs are counted, not answered`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    #expect(bench.say(0, .heartbeat(.idle)).counts == ["message of a stranger"])
    bench.join(0)
    #expect(bench.say(0, .heartbeat(.idle), run: 1).counts == ["message of another run"])
    #expect(bench.say(0, .heartbeat(.idle), epoch: 2).counts == ["message of another run"])
    #expect(bench.say(0, .heartbeat(.idle)).counts.isEmpty)
    bench.say(0, .leave(worker: 100))
    #expect(bench.machine.present.isEmpty)
    #expect(bench.say(0, .heartbeat(.idle)).counts == ["message of a stranger"])
  }

  @Test func `a deep stage begins without the clients whose memory is too small`() {
    let plan = BrokerBench.plan(
      clients: 3, rounds: [0, 1], rules: RoundRules(clientsPerRound: 3))
    var bench = BrokerBench(plan: plan)
    for client in 0..<3 {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, maximalStage: client == 1 ? 1 : nil)
    }
    guard case .announce(let announce)? = bench.prepare(1).published.last else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.selected == [0, 2])
  }

  @Test func `a round waits for the least number of clients, and begins with the last of them`() {
    let rules = RoundRules(clientsPerRound: 2, minimumClients: 2)
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2, rules: rules))
    bench.join(0)
    bench.join(1)
    bench.handle(.unsubscribed(.client(0)))
    bench.prepare(1)
    #expect(bench.machine.openRound == nil)
    let shortage = bench.pass(.seconds(5)).shortage
    #expect(shortage?.able == 1 && shortage?.needed == 2 && shortage?.missing == [0])
    bench.handle(.subscribed(.client(0)))
    #expect(bench.machine.openRound == 1)
  }
}
