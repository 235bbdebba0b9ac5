import Bytes
import Federation
import Measures
import Testing
import Wire

/// A worker's fetching of the plan.
@Suite struct PlanFetchTests {
  private static let plan = PlanBytes(
    (0..<400).map { "key\($0): value \($0 * $0)\n" }.joined())
  private static let other = PlanBytes(String(repeating: "other: plan\n", count: 700))

  /// A fetch with a clock that tests turn by hand.
  private struct Bench {
    var fetch = PlanFetch(
      client: 3, worker: 40, limits: ProtocolLimits(), patience: .seconds(60),
      jitter: RandomStream(seed: 1))
    var now = Duration.zero

    /// Turns the clock to the next tick.
    mutating func wake() -> [PlanFetch.Action] {
      now = max(now, fetch.wakeTime ?? now)
      return fetch.handle(.tick, at: now)
    }

    mutating func hear(
      _ body: Downlink, _ payload: [UInt8] = [], client: Int? = 3, worker: UInt64? = 40,
      run: UInt64 = 77, epoch: Int = 1
    ) -> [PlanFetch.Action] {
      let header = Header(run: run, epoch: epoch, client: client, worker: worker)
      return fetch.handle(.message(Message(header, body), payload: payload), at: now)
    }

    mutating func chunk(
      _ range: Range<Int>, of plan: PlanBytes = plan, as digest: Digest? = nil, epoch: Int = 1,
      run: UInt64 = 77
    ) -> [PlanFetch.Action] {
      hear(
        .planChunk(
          PlanChunk(
            digest: digest ?? plan.digest, total: plan.count, offset: range.lowerBound,
            length: range.count)),
        Array(plan.bytes.bytes[range]), run: run, epoch: epoch)
    }
  }

  /// The parts that an action asks for; nil if it doesn't ask.
  private func asked(_ actions: [PlanFetch.Action]) -> [Range<Int>]? {
    guard case .send(let message)? = actions.first, actions.count == 1,
      message.header == Header(client: 3), case .planWant(40, let ranges) = message.body
    else { return nil }
    return ranges
  }

  @Test func `it asks at once, and again after one to two intervals, until something comes`() {
    var bench = Bench()
    #expect(asked(bench.wake()) == [] && bench.now == .zero)
    for _ in 0..<10 {
      let before = bench.now
      #expect(asked(bench.wake()) == [])
      #expect((.seconds(1)...(.seconds(2))).contains(bench.now - before))
    }
  }

  @Test func `chunks in any order, and twice, make the plan once its digest fits`() {
    var bench = Bench()
    _ = bench.wake()
    let count = Self.plan.count
    #expect(bench.chunk(2000..<count).isEmpty)
    #expect(bench.chunk(0..<1000).isEmpty)
    #expect(bench.chunk(500..<1500).isEmpty)
    #expect(bench.chunk(0..<1000).isEmpty)
    #expect(bench.chunk(1500..<2000) == [.finished(.fetched(Self.plan))])
    #expect(bench.fetch.wakeTime == nil)
    #expect(bench.chunk(1500..<2000).isEmpty)
  }

  @Test func `what got lost is asked for alone`() {
    var bench = Bench()
    _ = bench.wake()
    let count = Self.plan.count
    _ = bench.chunk(100..<200)
    _ = bench.chunk(300..<count)
    #expect(asked(bench.wake()) == [0..<100, 200..<300])
    _ = bench.chunk(0..<100)
    #expect(asked(bench.wake()) == [200..<300])
    #expect(bench.chunk(200..<300) == [.finished(.fetched(Self.plan))])
  }

  @Test func `what is meant for others is ignored`() {
    var bench = Bench()
    _ = bench.wake()
    let whole = Downlink.planChunk(
      PlanChunk(
        digest: Self.plan.digest, total: Self.plan.count, offset: 0, length: Self.plan.count))
    #expect(bench.hear(whole, Self.plan.bytes.bytes, client: 4).isEmpty)
    #expect(bench.hear(whole, Self.plan.bytes.bytes, worker: 41).isEmpty)
    #expect(bench.hear(whole, Self.plan.bytes.bytes, worker: nil).isEmpty)
    #expect(bench.hear(.refuse(.notAuthorized, retry: nil, detail: ""), worker: 41).isEmpty)
    #expect(bench.hear(.refuse(.wrongClient, retry: 1, detail: ""), worker: nil).isEmpty)
    #expect(bench.hear(whole, Self.plan.bytes.bytes) == [.finished(.fetched(Self.plan))])
  }

  @Test func `a broker that comes back with another plan has that one fetched`() {
    var bench = Bench()
    _ = bench.wake()
    _ = bench.chunk(0..<1000)
    #expect(bench.chunk(0..<5000, of: Self.other, epoch: 2).isEmpty)
    // What the old one still sends is of no use.
    #expect(bench.chunk(1000..<Self.plan.count, epoch: 1).isEmpty)
    #expect(asked(bench.wake()) == [5000..<Self.other.count])
    #expect(
      bench.chunk(5000..<Self.other.count, of: Self.other, epoch: 2)
        == [.finished(.fetched(Self.other))])
  }

  @Test func `bytes without their digest are fetched anew, and given up the third time`() {
    var bench = Bench()
    _ = bench.wake()
    let wrong = Digest(of: [1])
    let whole = 0..<Self.plan.count
    #expect(bench.chunk(whole, as: wrong).isEmpty)
    #expect(asked(bench.wake()) == [])
    #expect(bench.chunk(whole, as: wrong).isEmpty)
    #expect(asked(bench.wake()) == [])
    #expect(bench.chunk(whole, as: wrong) == [.finished(.damaged)])
  }

  @Test(arguments: [PlanBytes.limit + 1, 1 << 40, 1 << 48 - 1])
  func `a plan that is said to be longer than any is refused before memory is taken`(length: Int) {
    var bench = Bench()
    _ = bench.wake()
    let chunk = PlanChunk(digest: Self.plan.digest, total: length, offset: 0, length: 1)
    #expect(bench.hear(.planChunk(chunk), [0]) == [.finished(.tooLong(bytes: length))])
  }

  @Test func `chunks without an end are given up, be they of one plan or of ever new ones`() {
    for changes in [false, true] {
      var bench = Bench()
      _ = bench.wake()
      var heard = 0
      var end: [PlanFetch.Action] = []
      let payload = Array(repeating: UInt8(7), count: 256 << 10)
      while end.isEmpty, heard < 1000 {
        heard += 1
        let digest =
          changes ? Digest(of: [UInt8(heard % 251), UInt8(heard / 251)]) : Digest(of: [])
        let chunk = PlanChunk(
          digest: digest, total: PlanBytes.limit, offset: 0, length: payload.count)
        end = bench.hear(.planChunk(chunk), payload)
      }
      #expect(end == [.finished(.endless)] && heard == 65)
    }
  }

  @Test func `a refusal for good ends it, one with a time has it asked again then`() {
    var bench = Bench()
    _ = bench.wake()
    #expect(
      bench.hear(.refuse(.overloaded, retry: 5000, detail: "often enough"))
        == [.turnedDown(.overloaded, detail: "often enough")])
    let before = bench.now
    #expect(asked(bench.wake()) == [])
    #expect((.seconds(5)...(.milliseconds(6250))).contains(bench.now - before))
    #expect(
      bench.hear(.refuse(.notAuthorized, retry: nil, detail: "not yours"))
        == [.finished(.refused(.notAuthorized, detail: "not yours"))])
    // A broker of before plans travelled can't say whom it answers.
    var old = Bench()
    _ = old.wake()
    #expect(
      old.hear(.refuse(.malformed, retry: nil, detail: "field body is lacking"), worker: nil)
        == [.finished(.refused(.malformed, detail: "field body is lacking"))])
  }

  @Test(arguments: [true, false]) func `the end of the run ends it`(complete: Bool) {
    var bench = Bench()
    _ = bench.wake()
    #expect(
      bench.hear(.finished(complete: complete), client: nil, worker: nil)
        == [.finished(.over(complete: complete))])
  }

  @Test func `a broker that says nothing of the plan is given up when patience ends`() {
    var bench = Bench()
    var end: [PlanFetch.Action] = []
    for _ in 0..<100 {
      end = bench.wake()
      if end == [.finished(.unanswered)] { break }
    }
    #expect(end == [.finished(.unanswered)] && bench.now == .seconds(60))
  }
}
