import Bytes
import Federation
import Testing
import Wire

/// The broker's answers to workers that ask for its plan.
@Suite struct PlanDeliveryTests {
  private static let text = PlanBytes(String(repeating: "key: value\n", count: 100))

  private func bench(_ clients: Int = 2, text: PlanBytes? = text) -> BrokerBench {
    var plan = BrokerBench.plan(clients: clients)
    plan.text = text
    var bench = BrokerBench(plan: plan)
    bench.handle(.tick)  // what it announces to all
    return bench
  }

  private func want(_ client: Int, worker: UInt64 = 9, _ ranges: [Range<Int>] = []) -> BrokerEvent {
    .message(Message(Header(client: client), .planWant(worker: worker, ranges: ranges)))
  }

  /// The parts of the plan that are sent.
  private func parts(_ actions: [BrokerAction]) -> [Range<Int>] {
    actions.flatMap { action -> [Range<Int>] in
      guard case .sendPlan(_, _, _, let ranges) = action else { return [] }
      return ranges
    }
  }

  @Test func `the plan is sent to a worker that hasn't joined, in the mailbox that it listens to`()
  {
    var bench = bench()
    bench.handle(.subscribed(.client(1)))
    let actions = bench.handle(want(1))
    #expect(
      actions == [.sendPlan(client: 1, worker: 9, Self.text, ranges: [0..<Self.text.count])])
    #expect(bench.machine.presentCount == 0)
  }

  @Test func `a request that comes before its subscription is answered with that, once`() {
    var bench = bench()
    #expect(bench.handle(want(0)).isEmpty)
    #expect(parts(bench.handle(.subscribed(.client(0)))) == [0..<Self.text.count])
    #expect(parts(bench.handle(.subscribed(.client(0)))).isEmpty)
  }

  @Test func `missing ranges are sent alone, and those of a longer plan bring the whole`() {
    var bench = bench()
    bench.handle(.subscribed(.client(0)))
    #expect(parts(bench.handle(want(0, [10..<20, 30..<31]))) == [10..<20, 30..<31])
    #expect(parts(bench.handle(want(0, [10..<Self.text.count + 1]))) == [0..<Self.text.count])
  }

  @Test func `a client gets so many copies at a time, and is told when to ask again`() throws {
    var bench = bench()
    bench.handle(.subscribed(.client(0)))
    bench.handle(.subscribed(.client(1)))
    for worker in 0..<PlanDelivery.copies {
      #expect(!parts(bench.handle(want(0, worker: UInt64(worker)))).isEmpty)
    }
    bench.now += .seconds(4)
    bench.handle(.tick)
    var sent = 0
    for worker in 100..<1100 {
      let actions = bench.handle(want(0, worker: UInt64(worker)))
      sent += parts(actions).count
      guard case .refuse(.overloaded, let retry?, _)? = actions.mail(to: 0).first else {
        Issue.record("a flood isn't refused: \(actions)")
        return
      }
      #expect((1...6000).contains(retry))
      #expect(actions.counts == ["plan asked for too often"])
      #expect(actions.addressees == [UInt64(worker)])
      // Nobody's log is filled by it.
      #expect(!actions.contains { if case .notice = $0 { true } else { false } })
    }
    #expect(sent == 0)
    // Others aren't kept waiting for it.
    #expect(!parts(bench.handle(want(1))).isEmpty)
    bench.now += .seconds(6)
    #expect(!parts(bench.handle(want(0))).isEmpty)
  }

  @Test
  func `who never has enough waits ever longer, until it is content, and not less by joining`() {
    var bench = bench()
    bench.handle(.subscribed(.client(0)))
    /// The copies that one gets who asks each second.
    func copies(in seconds: Int) -> Int {
      (0..<seconds).reduce(0) { count, _ in
        bench.now += .seconds(1)
        return count + parts(bench.handle(want(0))).count
      }
    }
    let hour = copies(in: 3600)
    #expect((40...60).contains(hour), "\(hour)")
    #expect((20...28).contains(copies(in: 3600)))
    _ = bench.ask(0)
    #expect(copies(in: 30) <= PlanDelivery.copies)
    bench.now += .seconds(1200)
    #expect(copies(in: 2) == 2)
    bench.now += .seconds(600)
    // It asked for no more than it may have.
    #expect(copies(in: 11) == PlanDelivery.copies + 1)
  }

  @Test func `requests for clients that don't exist, or a plan that isn't kept, are refused`() {
    var bench = bench()
    #expect(
      bench.handle(want(2)).mail(to: 2)
        == [.refuse(.wrongClient, retry: nil, detail: "the topology has clients 0 to 1")])
    var other = self.bench(text: nil)
    other.handle(.subscribed(.client(0)))
    guard case .refuse(.wrongPlan, nil, _)? = other.handle(want(0)).mail(to: 0).first else {
      Issue.record("a plan that isn't there is sent")
      return
    }
  }

  @Test func `a member's work goes on while its worker fetches the plan`() {
    var plan = BrokerBench.plan(clients: 1)
    plan.text = Self.text
    var bench = BrokerBench(plan: plan)
    bench.join(0)
    bench.prepare(1)
    #expect(parts(bench.handle(want(0))) == [0..<Self.text.count])
    #expect(bench.machine.present == [0])
    #expect(bench.upload(0).result?.accepted.count == 1)
  }

  @Test func `a worker that can't follow the plan is told of once, if it was sent any`() {
    var bench = bench()
    bench.handle(.subscribed(.client(0)))
    let decline = BrokerEvent.message(
      Message(Header(client: 0), .decline(.failed, detail: "of a newer program (format 3)")))
    #expect(bench.handle(decline).counts == ["message of a stranger"])
    bench.handle(want(0))
    #expect(
      bench.handle(decline) == [
        .count("plan not followed"),
        .notice(.declined(client: 0, .failed, detail: "of a newer program (format 3)")),
      ])
    #expect(bench.handle(decline).counts == ["message of a stranger"])
    // Who joins has followed it.
    bench.handle(want(0))
    _ = bench.ask(0)
    #expect(!bench.handle(decline).counts.contains("plan not followed"))
  }

  @Test func `a host cuts the plan into chunks that name the worker, in order`() throws {
    var limits = ProtocolLimits()
    limits.chunkBytes = 500
    let bench = BrokerHostBench(clients: 1, limits: limits, text: Self.text)
    try bench.handle(.subscribed(.client(0)))
    let calls = try bench.handle(want(0, worker: 77))
    guard case .plan(let pieces, client: 0)? = calls.first else {
      Issue.record("no plan: \(calls)")
      return
    }
    #expect(pieces.map(\.range) == [0..<500, 500..<1000, 1000..<1100])
    for piece in pieces {
      #expect(piece.message.header == Header(run: 77, epoch: 1, client: 0, worker: 77))
      let frame = piece.envelope(over: Self.text.bytes)
      let payload = Array(Self.text.bytes.bytes[piece.range])
      let read = try frame.withUnsafeBytes { frame in
        try payload.withUnsafeBytes { try Envelope.downlink(frame, payload: $0) }
      }
      #expect(read == piece.message)
    }
  }
}
