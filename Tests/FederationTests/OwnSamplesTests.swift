import Federation
import Testing
import Wire

/// Clients that say themselves how many samples they have.
@Suite struct OwnSamplesTests {
  private static let many = SampleCounts(training: 80, heldOut: 20)
  private static let more = SampleCounts(training: 120, heldOut: 30)

  /// A broker of two clients in round 1, by a plan that `change` alters.
  private static func broker(_ change: (inout BrokerPlan) -> Void = { _ in }) -> BrokerBench {
    var plan = BrokerBench.plan(clients: 2, rounds: [5])
    change(&plan)
    var bench = BrokerBench(plan: plan)
    for client in 0...1 { bench.join(client) }
    bench.prepare(1)
    return bench
  }

  private static func join(_ counts: SampleCounts) -> Uplink {
    .join(
      Join(
        worker: 40, plan: BrokerBench.digest, maximalStage: nil, samples: counts.training,
        heldOut: counts.heldOut))
  }

  @Test func `a client says in its JOIN what it has of its own`() {
    var bench = ClientBench()
    bench.handle(.has(.own(Self.many)))
    #expect(bench.handle(.tick).sent == [Self.join(Self.many)])
    // What it was dealt the broker knows by itself.
    var dealt = ClientBench()
    dealt.handle(.has(.dealt(samples: 80)))
    #expect(
      dealt.handle(.tick).sent
        == [.join(Join(worker: 40, plan: BrokerBench.digest, maximalStage: nil))])
  }

  @Test func `label counts are told in JOIN and kept, once until they change`() {
    let counts = SampleCounts(training: 80, heldOut: 20, labels: [50, 0, 30])
    var client = ClientBench()
    client.handle(.has(.own(counts)))
    guard case .join(let join)? = client.handle(.tick).sent.first else {
      Issue.record("it doesn't join")
      return
    }
    #expect(join.labels == [50, 0, 30])
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    func say(_ labels: [Int]) -> [BrokerAction] {
      var join = join
      join.labels = labels
      return bench.handle(.message(Message(Header(client: 1), .join(join))))
    }
    bench.handle(.subscribed(.client(1)))
    let unasked = say([50, 0, 30])
    #expect(unasked.counts == ["malformed update"], "the plan doesn't ask for them")
    #expect(unasked.mail(to: 1).count == 1 && bench.machine.present.isEmpty)
    var plan = bench.machine.plan
    plan.toldLabels = 3
    bench = BrokerBench(plan: plan)
    bench.handle(.subscribed(.client(1)))
    #expect(say([50, 30]).counts == ["malformed update"], "there are three labels")
    #expect(say([50, 0, 30]).contains(.keep(labels: [50, 0, 30], of: 1)))
    #expect(!say([50, 0, 30]).contains(.keep(labels: [50, 0, 30], of: 1)))
    #expect(say([50, 1, 30]).contains(.keep(labels: [50, 1, 30], of: 1)))
    #expect(say([]).mail(to: 1).count == 1, "who tells none is taken in")
  }

  @Test func `a client whose samples change joins anew before it offers, and goes on training`() {
    var bench = ClientBench()
    bench.handle(.has(.own(Self.many)))
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    bench.announce(1)
    bench.receiveModel()
    #expect(bench.handle(.has(.own(Self.many))).isEmpty)
    #expect(bench.machine.membership != nil)
    bench.handle(.has(.own(Self.more)))
    #expect(bench.handle(.tick).sent == [Self.join(Self.more)])
    // The update is there before the broker's answer: it is offered after it.
    #expect(bench.handle(.trained(round: 1, BrokerBench.offer())).sent.isEmpty)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(bench.handle(.tick).sent == [.offer(BrokerBench.offer())])
  }

  @Test func `samples that change while the broker is away are told once it is back`() {
    var bench = ClientBench()
    bench.handle(.has(.unusable(.noData, detail: "there are no samples")))
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    bench.announce(1)
    // A new incarnation of the broker: the client asks to be taken in.
    bench.announce(1, epoch: 2)
    #expect(bench.machine.membership == nil)
    bench.handle(.has(.own(Self.many)))
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    #expect(bench.machine.membership == nil)
    #expect(bench.handle(.tick).sent == [Self.join(Self.many)])
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    #expect(bench.machine.membership?.epoch == 2)
    #expect(bench.machine.wakeTime == nil)
  }

  @Test func `a client without samples of use declines with the reason, and joins anew with some`()
  {
    var bench = ClientBench()
    bench.handle(.has(.unusable(.badData, detail: "a picture can't be decoded")))
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(
      bench.announce(1).sent == [.decline(.badData, detail: "a picture can't be decoded")])
    bench.handle(.has(.own(Self.many)))
    #expect(bench.handle(.tick).sent == [Self.join(Self.many)])
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(bench.announce(2).sent.first == .want(worker: 40, needs: ClientBench.needs))
    // All that it has is held out: nothing is left to train on.
    bench = ClientBench.member()
    bench.handle(.has(.own(SampleCounts(training: 0, heldOut: 3))))
    guard case .decline(.noData, _)? = bench.announce(1).sent.first else {
      Issue.record("a client that has nothing to train on took part")
      return
    }
  }

  @Test func `the broker asks a client again that declined for its data once it joins anew`() {
    for reason in [DeclineReason.noData, .badData] {
      var bench = Self.broker()
      bench.say(0, .decline(reason, detail: ""))
      bench.upload(1)
      #expect(bench.prepare(2).selected == [1])
      _ = bench.ask(0, samples: 50)
      bench.upload(1, round: 2)
      #expect(bench.prepare(3).selected == [0, 1])
    }
  }

  @Test func `a client of more samples than the topology allows isn't taken in`() {
    var bench = Self.broker { $0.rules.sampleLimit = 100 }
    let actions = bench.ask(0, samples: 101)
    #expect(actions.counts == ["malformed update"])
    #expect(
      actions.contains { action in
        guard case .send(_, let message) = action, case .refuse(_, _, let detail) = message.body
        else { return false }
        return detail.contains("field samples is 101, beyond 100")
      })
    #expect(bench.ask(0, samples: 100).counts.isEmpty)
  }

  @Test func `where folders change, nobody gives up because some are empty`() throws {
    for mayChange in [false, true] {
      var bench = Self.broker {
        $0.samplesMayChange = mayChange
        $0.rules.minimumClients = 2
      }
      bench.say(0, .decline(.noData, detail: ""))
      bench.upload(1)
      #expect((bench.prepare(2).surrender == nil) == mayChange)
    }
  }
}
