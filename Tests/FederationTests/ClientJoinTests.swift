import Federation
import Testing
import Wire

@Suite struct ClientJoinTests {
  private let join = Uplink.join(
    Join(worker: 40, plan: BrokerBench.digest, maximalStage: nil))

  @Test func `it asks at once, and again after one to two intervals, until it is welcomed`() {
    var bench = ClientBench()
    #expect(bench.wake()?.sent == [join])
    #expect(bench.now == .zero)
    for _ in 0..<20 {
      let before = bench.now
      #expect(bench.wake()?.sent == [join])
      #expect((.seconds(1)...(.seconds(2))).contains(bench.now - before))
    }
    let welcomed = bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(welcomed == [.welcomed(ClientBench.welcome)])
    #expect(bench.machine.wakeTime == nil)
    #expect(bench.hear(.welcome(ClientBench.welcome), round: 0).isEmpty)
  }

  @Test func `nothing counts before the welcome, and no one else's welcome does`() {
    var bench = ClientBench()
    #expect(bench.announce(1).isEmpty)
    bench.hear(.welcome(ClientBench.welcome), round: 0, client: 4)
    #expect(bench.machine.membership == nil)
  }

  @Test func `what is said to another worker of the same client is ignored`() {
    var bench = ClientBench()
    _ = bench.wake()
    func say(_ body: Downlink, to worker: UInt64) {
      let header = Header(run: ClientBench.run, epoch: 1, client: 3, worker: worker)
      bench.handle(.message(Message(header, body)))
    }
    say(.welcome(ClientBench.welcome), to: 41)
    say(.refuse(.notAuthorized, retry: nil, detail: ""), to: 41)
    #expect(bench.machine.membership == nil && bench.machine.state != .ended)
    say(.welcome(ClientBench.welcome), to: 40)
    say(.refuse(.notAuthorized, retry: nil, detail: ""), to: 41)
    #expect(bench.machine.membership != nil && bench.machine.state != .ended)
    say(.refuse(.notAuthorized, retry: nil, detail: ""), to: 40)
    #expect(bench.machine.state == .ended)
  }

  @Test(arguments: [RefusalReason.wrongPlan, .wrongClient, .notAuthorized])
  func `a refusal for good ends it, one with a time to wait doesn't`(reason: RefusalReason) {
    var bench = ClientBench()
    _ = bench.wake()
    bench.hear(.refuse(reason, retry: 2000, detail: ""), round: 0)
    #expect(bench.machine.wakeTime == .seconds(2))
    #expect(bench.wake()?.sent == [join])
    #expect(
      bench.hear(.refuse(reason, retry: nil, detail: "why"), round: 0)
        == [.finished(.refused(reason, detail: "why"))])
    #expect(bench.machine.state == .ended)
    #expect(bench.machine.wakeTime == nil)
    #expect(bench.hear(.welcome(ClientBench.welcome), round: 0).isEmpty)
  }

  @Test(arguments: [true, false])
  func `the end of a run ends who was never taken in`(complete: Bool) {
    var bench = ClientBench()
    _ = bench.wake()
    bench.hear(.refuse(.wrongClient, retry: 2000, detail: "another plays it"), round: 0)
    #expect(
      bench.hear(.finished(complete: complete), round: 0, client: nil)
        == [.finished(complete ? .complete : .interrupted)])
    #expect(bench.machine.state == .ended)
  }

  @Test func `the end that a broker told before its restart ends nobody`() {
    var bench = ClientBench.member()
    bench.announce(1, epoch: 2)
    #expect(bench.machine.membership == nil)
    #expect(bench.hear(.finished(complete: false), round: 0, client: nil, epoch: 1).isEmpty)
    #expect(
      bench.hear(.finished(complete: false), round: 0, client: nil, epoch: 2)
        == [.finished(.interrupted)])
  }

  @Test func `a member hears the end of another run in its broker's place at the second time`() {
    var bench = ClientBench.member()
    #expect(bench.hear(.finished(complete: true), round: 0, client: nil, run: 78).isEmpty)
    #expect(bench.wake()?.sent == [join])
    #expect(
      bench.hear(.finished(complete: true), round: 0, client: nil, run: 78)
        == [.finished(.complete)])
  }

  @Test func `who is turned down says so, and why`() {
    var bench = ClientBench()
    _ = bench.wake()
    #expect(
      bench.hear(.refuse(.wrongClient, retry: 2000, detail: "w plays it"), round: 0)
        == [.turnedDown(.wrongClient, detail: "w plays it")])
  }

  @Test func `a member that is asked whether it is there joins again, and goes on with its update`()
  {
    var bench = ClientBench.offering()
    #expect(bench.hear(.refuse(.wrongClient, retry: 1, detail: ""), round: 0).isEmpty)
    #expect(bench.wake()?.sent == [join])
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(bench.wake()?.sent == [.offer(BrokerBench.offer())])
  }

  @Test func `an excluded member drops its work, and asks now and then whether it may come back`() {
    var bench = ClientBench.offering()
    let actions = bench.hear(.refuse(.evicted, retry: 10_000, detail: "out"), round: 0)
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(actions.contains(.turnedDown(.evicted, detail: "out")))
    #expect(bench.machine.membership == nil && bench.machine.wakeTime == .seconds(10))
    #expect(bench.wake()?.sent == [join])
    bench.hear(.refuse(.evicted, retry: 10_000, detail: "out"), round: 0)
    // The broker has it ask at once when it may come back.
    #expect(bench.hear(.refuse(.wrongClient, retry: 1, detail: "ask"), round: 0).isEmpty)
    #expect((bench.machine.wakeTime ?? .zero) - bench.now <= .milliseconds(1))
    #expect(bench.wake()?.sent == [join])
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(bench.machine.membership != nil)
    bench.announce(2)
    #expect(bench.machine.task?.round == 2)
  }

  @Test func `a member whose client another worker was welcomed to asks for it again`() {
    var bench = ClientBench.offering()
    let header = Header(run: ClientBench.run, epoch: 1, client: 3, worker: 41)
    let actions = bench.handle(.message(Message(header, .welcome(ClientBench.welcome))))
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(bench.machine.membership == nil)
    #expect(bench.wake()?.sent == [join])
    // Of another client's mailbox, or of a run or an epoch of before, nothing follows.
    var other = ClientBench.member()
    for header in [
      Header(run: ClientBench.run, epoch: 1, client: 4, worker: 41),
      Header(run: 78, epoch: 1, client: 3, worker: 41),
      Header(run: ClientBench.run, epoch: 2, client: 3, worker: 41),
    ] {
      #expect(other.handle(.message(Message(header, .welcome(ClientBench.welcome)))).isEmpty)
    }
    #expect(other.machine.membership != nil)
  }

  @Test func `a restarted broker is joined again at a random moment, with the update kept`() {
    var bench = ClientBench.offering()
    bench.now = .seconds(100)
    #expect(bench.announce(1, epoch: 2).isEmpty)
    guard let wake = bench.machine.wakeTime else {
      Issue.record("it sleeps for ever")
      return
    }
    #expect((.seconds(100)...(.seconds(101))).contains(wake))
    #expect(bench.wake()?.sent == [join])
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    #expect(bench.wake()?.sent == [.offer(BrokerBench.offer())])
    // The broker has yet to open the round again.
    #expect(bench.hear(.refuse(.staleRound, retry: 500, detail: ""), epoch: 2).isEmpty)
    let before = bench.now
    #expect(bench.wake()?.sent == [.offer(BrokerBench.offer())])
    #expect(bench.now == before + .milliseconds(500))
    bench.announce(1, epoch: 2)
    #expect(
      bench.hear(.grant(0..<10), epoch: 2)
        == [
          .sendUpdate(
            Header(run: 77, epoch: 2, round: 1, stage: 1, client: 3, attempt: 2), ranges: [0..<10])
        ])
  }

  @Test func `an older epoch's messages are nothing to it, not even its welcome`() {
    var bench = ClientBench.member()
    bench.announce(1, epoch: 2)
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 1)
    #expect(bench.machine.membership == nil)
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    #expect(bench.hear(.closed(accepted: 1), client: nil, epoch: 1).isEmpty)
    #expect(bench.machine.membership?.epoch == 2)
    // An announcement may be that of a broker that lost count: it is told of this epoch.
    #expect(bench.announce(1, epoch: 1).isEmpty)
    #expect(bench.machine.membership == nil)
  }

  @Test func `a client that hears of a later epoch by its welcome is ready for an earlier round`() {
    var bench = ClientBench.member()
    bench.announce(5)
    bench.hear(.refuse(.wrongClient, retry: 1, detail: ""), round: 0)
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    bench.announce(4, epoch: 2)
    #expect(bench.machine.task?.round == 4)
  }

  @Test func `a broker that went back to an earlier round finds its clients ready for it`() {
    var bench = ClientBench.member()
    bench.announce(5)
    bench.announce(1, epoch: 2)
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    let actions = bench.announce(4, epoch: 2)
    #expect(actions.contains(.settled(round: 5, accepted: false)))
    #expect(bench.machine.task?.round == 4)
  }

  @Test func `in another run's broker it asks to be taken in, and nothing of the old run counts`() {
    var bench = ClientBench.offering()
    bench.announce(1, run: 78)
    #expect(bench.wake()?.sent == [join])
    let actions = bench.hear(.welcome(ClientBench.welcome), round: 0, run: 78)
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(actions.contains(.welcomed(ClientBench.welcome)))
    // Segments are named by their content, so that those it holds are as good as new.
    #expect(bench.announce(1, run: 78).trains?.round == 1)
  }

  @Test func `the run's end ends it, and so does being told to leave`() {
    var bench = ClientBench.offering()
    #expect(
      bench.hear(.finished(complete: true), client: nil)
        == [.settled(round: 1, accepted: false), .finished(.complete)])
    var other = ClientBench.member()
    #expect(other.hear(.finished(complete: false), client: nil) == [.finished(.interrupted)])
    var third = ClientBench.member()
    let left = third.handle(.stop)
    #expect(left.sent == [.leave(worker: 40)])
    #expect(left.last == .finished(.left))
    #expect(third.handle(.tick).isEmpty)
  }

  @Test func `a member with nothing to do says on demand that it is there, and nobody else does`() {
    var bench = ClientBench()
    #expect(bench.handle(.showLife).sent.isEmpty, "it hasn't joined")
    bench = .member()
    #expect(bench.machine.state == .idle)
    bench.now += .seconds(12)
    #expect(bench.handle(.showLife).sent == [.heartbeat(.idle)])
    #expect(bench.machine.lastSaid == .seconds(12))
    #expect(bench.machine.wakeTime == nil, "by itself it says nothing")
    bench = .training()
    #expect(bench.machine.state != .idle && bench.handle(.showLife).sent.isEmpty)
  }
}
