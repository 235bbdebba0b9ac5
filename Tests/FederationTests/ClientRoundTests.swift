import Bytes
import Federation
import Testing
import Wire

@Suite struct ClientRoundTests {
  @Test func `a selected client listens first and asks then`() {
    var bench = ClientBench.member()
    let actions = bench.announce(1)
    #expect(
      actions == [
        .subscribe(ClientBench.segments[0].only), .subscribe(ClientBench.segments[1].only),
        .send(
          Message(
            Header(run: 77, epoch: 1, round: 1, stage: 1, client: 3, attempt: 2),
            .want(worker: 40, needs: ClientBench.needs))),
      ])
    #expect(bench.announce(1).isEmpty, "repetitions say nothing new")
  }

  @Test func `who isn't selected does nothing`() {
    var bench = ClientBench.member()
    #expect(bench.announce(1, selected: [1, 2, 4]).isEmpty)
    #expect(bench.machine.wakeTime == nil)
  }

  @Test func `chunks in any order, repeated and overlapping, make the model complete once`() {
    var bench = ClientBench.member()
    bench.announce(1)
    let (block, head) = (ClientBench.segments[0], ClientBench.segments[1])
    bench.chunk(block, 50..<100)
    bench.chunk(head, 0..<30)
    bench.chunk(block, 50..<100)
    bench.chunk(block, 0..<40)
    #expect(bench.machine.task?.round == 1)
    let last = bench.chunk(block, 30..<60)
    #expect(last.trains == bench.machine.task)
    #expect(last.contains(.unsubscribe(block.only.digest)))
    #expect(last.contains(.unsubscribe(head.only.digest)))
    #expect(bench.chunk(block, 0..<100).isEmpty)
  }

  @Test func `what doesn't come is asked for again, no more than the window at once`() {
    var limits = ProtocolLimits()
    limits.repairWindow = 50
    var bench = ClientBench(limits: limits)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    bench.announce(1)
    bench.chunk(ClientBench.segments[0], 10..<70)
    #expect(bench.machine.wakeTime == .seconds(3))
    #expect(
      bench.wake()?.sent == [
        .want(
          worker: 40,
          needs: [
            Need(digest: ClientBench.segments[0].only.digest, ranges: [0..<10, 70..<100]),
            Need(digest: ClientBench.segments[1].only.digest, ranges: [0..<10]),
          ])
      ])
    for _ in 0..<10 { #expect(bench.wake()?.sent.count == 1, "it never gives up by itself") }
  }

  @Test func `a first chunk is waited for over the gather window as well`() {
    var bench = ClientBench.member()
    bench.announce(1)
    #expect(bench.machine.wakeTime == .seconds(5))
  }

  @Test func `a want never names more ranges than a message may`() {
    var bench = ClientBench.member()
    let long = Segment.keyframe("block1", 7, length: 1 << 20)
    bench.announce(1, segments: [long])
    for index in 0..<5000 { bench.chunk(long, 2 * index..<2 * index + 1) }
    guard case .want(_, let needs)? = bench.wake()?.sent.first else {
      Issue.record("it doesn't ask")
      return
    }
    #expect(needs.first?.ranges.count == ProtocolLimits.rangesPerMessage)
  }

  @Test func `a damaged segment is asked for from the start`() {
    var bench = ClientBench.member()
    bench.announce(1)
    let block = ClientBench.segments[0]
    bench.chunk(block, 0..<90)
    bench.handle(.damaged(block.only.digest))
    guard case .want(_, let needs)? = bench.wake()?.sent.first else {
      Issue.record("it doesn't ask")
      return
    }
    #expect(needs.first == Need(digest: block.only.digest, ranges: [0..<100]))
  }

  @Test func `damage that shows only at the last chunk brings it back to asking`() {
    var bench = ClientBench.training()
    let head = ClientBench.segments[1]
    bench.handle(.damaged(head.only.digest))
    #expect(
      bench.wake()?.sent == [
        .want(worker: 40, needs: [Need(digest: head.only.digest, ranges: [0..<30])])
      ])
    #expect(bench.chunk(head, 0..<30).trains?.round == 1)
  }

  @Test func `what it holds isn't asked for in the next round, what is superseded goes`() {
    var bench = ClientBench.training()
    let (block, head) = (ClientBench.segments[0], ClientBench.segments[1])
    let next = Segment.keyframe("head1", 3, length: 30)
    let actions = bench.announce(2, segments: [block, next])
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(actions.contains(.keep([block.state.prefix])))
    #expect(!actions.contains(.subscribe(head.only)))
    #expect(actions.sent == [.want(worker: 40, needs: [Need(digest: next.only.digest)])])
    #expect(bench.chunk(next, 0..<30).trains?.round == 2)
  }

  @Test func `who has all of the model says so and trains at once`() {
    var bench = ClientBench.training()
    let actions = bench.announce(2)
    #expect(actions.sent == [.want(worker: 40, needs: [])])
    #expect(actions.trains?.round == 2)
  }

  @Test func `while it trains it says that it is alive`() {
    var bench = ClientBench.training()
    for second in 1...5 {
      #expect(bench.wake()?.sent == [.heartbeat(.training)])
      #expect(bench.now == .seconds(10 * second))
    }
  }

  @Test func `an update is offered until it is granted, sent when it is, and asked after`() {
    var bench = ClientBench.training()
    let offered = Uplink.offer(BrokerBench.offer())
    #expect(bench.handle(.trained(round: 1, BrokerBench.offer())).sent == [offered])
    for _ in 0..<3 { #expect(bench.wake()?.sent == [offered]) }
    let header = Header(run: 77, epoch: 1, round: 1, stage: 1, client: 3, attempt: 2)
    #expect(bench.hear(.grant(0..<10)) == [.sendUpdate(header, ranges: [0..<10])])
    #expect(bench.wake()?.sent == [offered], "a lost acknowledgement is asked for")
    #expect(
      bench.hear(.acknowledge(.incomplete([2..<3, 7..<10])))
        == [.sendUpdate(header, ranges: [2..<3, 7..<10])])
    #expect(
      bench.hear(.acknowledge(.accepted)) == [.settled(round: 1, accepted: true)])
    #expect(bench.machine.wakeTime == nil)
    #expect(bench.hear(.acknowledge(.accepted)).isEmpty)
  }

  @Test func `a duplicate is as good as accepted`() {
    var bench = ClientBench.offering()
    #expect(bench.hear(.acknowledge(.duplicate)) == [.settled(round: 1, accepted: true)])
  }

  @Test func `grants and acknowledgements beyond the update, or of another round, do nothing`() {
    var bench = ClientBench.offering()
    #expect(bench.hear(.grant(0..<11)).isEmpty)
    #expect(bench.hear(.grant(0..<10), round: 2).isEmpty)
    #expect(bench.hear(.acknowledge(.incomplete([5..<11]))).isEmpty)
    #expect(bench.hear(.acknowledge(.incomplete([]))).isEmpty)
    #expect(bench.hear(.acknowledge(.accepted), round: 2).isEmpty)
  }

  @Test(arguments: [
    RefusalReason.staleRound, .notSelected, .tooLarge, .wrongBase, .malformed, .notFinite, .tooFar,
  ])
  func `a refused update is dropped`(reason: RefusalReason) {
    var bench = ClientBench.offering()
    #expect(
      bench.hear(.refuse(reason, retry: nil, detail: "why")) == [
        .refused(round: 1, reason, detail: "why"), .settled(round: 1, accepted: false),
      ])
    #expect(bench.machine.wakeTime == nil)
  }

  @Test func `a request to join that the broker can't read isn't repeated`() {
    var bench = ClientBench()
    let actions = bench.handle(
      .message(
        Message(
          Header(run: 7, epoch: 1, client: 3, worker: 40),
          .refuse(.malformed, retry: nil, detail: "field maximal_stage is out of range"))))
    #expect(
      actions == [
        .finished(.refused(.malformed, detail: "field maximal_stage is out of range"))
      ])
  }

  @Test func `an overloaded broker is asked again when it says`() {
    var bench = ClientBench.offering()
    #expect(bench.hear(.refuse(.overloaded, retry: 700, detail: "")).isEmpty)
    #expect(bench.machine.wakeTime == .milliseconds(700))
    #expect(bench.wake()?.sent == [.offer(BrokerBench.offer())])
  }

  @Test func `the round's end settles what it did, whatever it was doing`() {
    for bench in [ClientBench.training(), .offering()] {
      var bench = bench
      #expect(
        bench.hear(.closed(accepted: 1), client: nil) == [.settled(round: 1, accepted: false)])
      #expect(bench.machine.task == nil)
      #expect(bench.handle(.trained(round: 1, BrokerBench.offer())).isEmpty)
      #expect(bench.announce(1).isEmpty)
    }
  }

  @Test func `an announcement from before the current round changes nothing`() {
    var bench = ClientBench.member()
    bench.announce(4)
    let before = bench.machine
    #expect(bench.announce(3).isEmpty)
    #expect(bench.machine == before)
  }

  @Test func `a stage too deep for its memory is declined`() {
    var bench = ClientBench.member(maximalStage: 2)
    let actions = bench.announce(1, stage: 3)
    #expect(
      actions.sent == [.decline(.tooDeep, detail: "its memory allows stage 2")])
    #expect(actions.last == .settled(round: 1, accepted: false))
  }

  @Test func `a training that failed is declined, again as long as the broker expects an update`() {
    var bench = ClientBench.training()
    let decline = Uplink.decline(.diverged, detail: "no usable step")
    let failed = ClientEvent.failed(round: 1, .diverged, detail: "no usable step")
    #expect(bench.handle(failed).sent == [decline])
    #expect(bench.announce(1).sent == [decline])
    #expect(bench.announce(1, selected: [5]).isEmpty)
    #expect(bench.announce(2).sent.contains(decline) == false)
  }

  @Test func `results of a training that no longer matters are dropped`() {
    var bench = ClientBench.training()
    bench.announce(2)
    #expect(bench.handle(.trained(round: 1, BrokerBench.offer())).isEmpty)
    #expect(bench.handle(.failed(round: 1, .failed, detail: "")).isEmpty)
    #expect(bench.machine.task?.round == 2)
  }
}
