import Bytes
import Federation
import Testing
import Wire

@Suite struct BrokerUpdateTests {
  private let offer = BrokerBench.offer(10)

  @Test func `an update is granted, received, stored and only then acknowledged`() {
    var bench = BrokerBench.open(clients: 2)
    let granted = bench.say(0, .offer(offer))
    #expect(granted.contains(.reserve(client: 0, length: 10)))
    #expect(granted.mail(to: 0) == [.grant(0..<10)])
    #expect(bench.say(0, .updateChunk(offset: 4, length: 6)) == [.receive(client: 0, offset: 4)])
    let last = bench.say(0, .updateChunk(offset: 0, length: 4))
    #expect(
      last == [
        .receive(client: 0, offset: 0),
        .store(round: 1, client: 0, attempt: 0, BrokerBench.submission(offer)),
      ])
    #expect(
      bench.handle(.stored(round: 1, client: 0, .accepted)).mail(to: 0)
        == [.acknowledge(.accepted)])
  }

  @Test func `a repeated offer is answered by what is missing, or by the same acknowledgement`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 4, length: 2))
    #expect(
      bench.say(0, .offer(offer)).mail(to: 0) == [.acknowledge(.incomplete([0..<4, 6..<10]))])
    bench.say(0, .updateChunk(offset: 0, length: 10))
    #expect(bench.say(0, .offer(offer)).mail(to: 0).isEmpty, "its storage is under way")
    bench.handle(.stored(round: 1, client: 0, .accepted))
    #expect(bench.say(0, .offer(offer)).mail(to: 0) == [.acknowledge(.duplicate)])
    #expect(bench.say(0, .offer(offer), attempt: 1).mail(to: 0) == [.acknowledge(.duplicate)])
    #expect(bench.upload(1).result?.duplicates == 2)
  }

  @Test func `repeated, stray and overlong chunks are counted and not stored`() {
    var bench = BrokerBench.open(clients: 2)
    let chunk = Uplink.updateChunk(offset: 0, length: 4)
    #expect(bench.say(0, chunk).counts == ["unexpected chunk"])
    bench.say(0, .offer(offer))
    bench.say(0, chunk)
    #expect(bench.say(0, chunk) == [.count("repeated chunk")])
    #expect(
      bench.say(0, .updateChunk(offset: 8, length: 3)) == [.count("chunk beyond an update")])
    #expect(
      bench.say(0, .updateChunk(offset: 4, length: 6), attempt: 1) == [.count("unexpected chunk")])
    #expect(bench.say(0, chunk, round: 2) == [.count("late chunk")])
  }

  @Test func `a restarted worker's offer replaces the half-sent one`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 9))
    let newer = BrokerBench.offer(12)
    let actions = bench.say(0, .offer(newer), attempt: 1)
    #expect(
      actions.starts(with: [.release(client: 0), .reserve(client: 0, length: 12)]))
    #expect(actions.mail(to: 0) == [.grant(0..<12)])
    #expect(bench.say(0, .updateChunk(offset: 9, length: 1)).counts == ["unexpected chunk"])
    let last = bench.say(0, .updateChunk(offset: 0, length: 12), attempt: 1)
    #expect(last.last == .store(round: 1, client: 0, attempt: 1, BrokerBench.submission(newer)))
  }

  @Test func `attempts keep two tries apart, whichever number is the higher one`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .offer(offer), attempt: 7)
    bench.say(0, .updateChunk(offset: 0, length: 9), attempt: 7)
    // A worker that came back and doesn't remember the 7; it even makes the same bytes.
    #expect(bench.say(0, .offer(offer), attempt: 3).mail(to: 0) == [.grant(0..<10)])
    let old = bench.say(0, .updateChunk(offset: 9, length: 1), attempt: 7)
    #expect(old.counts == ["unexpected chunk"])
    let last = bench.say(0, .updateChunk(offset: 0, length: 10), attempt: 3)
    #expect(last.last == .store(round: 1, client: 0, attempt: 3, BrokerBench.submission(offer)))
  }

  @Test func `a damaged update is asked for again, any other bad one is refused for good`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 10))
    let damaged = bench.handle(.stored(round: 1, client: 0, .refused(.wrongDigest, detail: "x")))
    #expect(damaged.mail(to: 0) == [.refuse(.wrongDigest, retry: 1, detail: "x")])
    #expect(bench.say(0, .offer(offer)).mail(to: 0) == [.grant(0..<10)])
    bench.say(0, .updateChunk(offset: 0, length: 10))
    let bad = bench.handle(.stored(round: 1, client: 0, .refused(.notFinite, detail: "y")))
    #expect(bad.mail(to: 0) == [.refuse(.notFinite, retry: nil, detail: "y")])
    guard case .refuse(.notFinite, retry: nil, _)? = bench.say(0, .offer(offer)).mail(to: 0).first
    else {
      Issue.record("not refused again")
      return
    }
  }

  @Test func `an update that there is no room for is asked for again later`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 10))
    let full = bench.handle(.stored(round: 1, client: 0, .refused(.overloaded, detail: "full")))
    #expect(full.mail(to: 0) == [.refuse(.overloaded, retry: 1000, detail: "full")])
    #expect(bench.say(0, .offer(offer)).mail(to: 0) == [.grant(0..<10)])
  }

  @Test(arguments: [0, 1001, 1 << 40])
  func `an update of an impossible length is refused before a byte of it is sent`(length: Int) {
    var bench = BrokerBench.open(clients: 2)
    let actions = bench.say(0, .offer(BrokerBench.offer(length)))
    guard case .refuse(.tooLarge, retry: nil, _)? = actions.mail(to: 0).first else {
      Issue.record("\(actions)")
      return
    }
    #expect(!actions.contains { if case .reserve = $0 { true } else { false } })
  }

  @Test func `an update of another model is refused`() {
    var bench = BrokerBench.open(clients: 2)
    let actions = bench.say(0, .offer(BrokerBench.offer(base: Digest(of: [0]))))
    guard case .refuse(.wrongBase, _, _)? = actions.mail(to: 0).first else {
      Issue.record("\(actions)")
      return
    }
  }

  @Test func `who wasn't selected, or is late, hears so`() {
    let rules = RoundRules(clientsPerRound: 1)
    var bench = BrokerBench.open(clients: 2, rules: rules)
    guard case .announce(let announce)? = bench.pass(.seconds(1)).published.first,
      let selected = announce.selected.first
    else {
      Issue.record("no announcement")
      return
    }
    let other = 1 - selected
    guard
      case .refuse(.notSelected, retry: nil, _)? = bench.say(other, .offer(offer))
        .mail(to: other).first
    else {
      Issue.record("taken")
      return
    }
    bench.upload(selected)
    let late = bench.say(selected, .offer(offer), round: 1)
    #expect(late.counts == ["late offer"])
    #expect(
      late.mail(to: selected)
        == [.refuse(.staleRound, retry: nil, detail: "the round is over")])
  }

  @Test func `who offers for a round that isn't open yet is to keep its update`() {
    let plan = BrokerBench.plan(clients: 2, epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(plan: plan, round: 3)
    bench.join(0)
    let early = bench.say(0, .offer(offer), round: 3, epoch: 2)
    #expect(early.counts == ["early offer"])
    guard case .refuse(.staleRound, retry: 1000, _)? = early.mail(to: 0).first else {
      Issue.record("\(early)")
      return
    }
    #expect(bench.say(0, .offer(offer), round: 2, epoch: 2).counts == ["late offer"])
  }

  @Test func `grants keep to the bytes in flight, in the order of the offers`() {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 25
    var bench = BrokerBench.open(clients: 5, limits: limits)
    #expect(bench.say(3, .offer(offer)).granted == [3])
    #expect(bench.say(1, .offer(offer)).granted == [1])
    #expect(bench.say(0, .offer(BrokerBench.offer(6))).granted == [])
    #expect(bench.say(4, .offer(BrokerBench.offer(5))).granted == [], "the order is kept")
    bench.say(3, .updateChunk(offset: 0, length: 10))
    #expect(bench.handle(.stored(round: 1, client: 3, .accepted)).granted == [0, 4])
  }

  @Test func `an update beyond the limit goes alone`() {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 25
    var bench = BrokerBench.open(clients: 2, limits: limits)
    #expect(bench.say(0, .offer(offer)).granted == [0])
    #expect(bench.say(1, .offer(BrokerBench.offer(500))).granted == [])
    bench.say(0, .updateChunk(offset: 0, length: 10))
    #expect(bench.handle(.stored(round: 1, client: 0, .accepted)).granted == [1])
  }

  @Test func `a client that waits and then can't take part doesn't hold up the others`() {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 10
    var bench = BrokerBench.open(clients: 4, limits: limits)
    for client in 0..<4 { bench.say(client, .offer(offer)) }
    bench.say(1, .decline(.failed, detail: ""), attempt: 1)
    let actions = bench.say(0, .decline(.failed, detail: ""), attempt: 1)
    #expect(actions.first == .release(client: 0))
    #expect(actions.granted == [2])
  }

  @Test func `a decline doesn't undo an update that is being stored`() {
    var bench = BrokerBench.open(clients: 1)
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 10))
    bench.say(0, .decline(.failed, detail: ""), attempt: 1)
    let actions = bench.handle(.stored(round: 1, client: 0, .accepted))
    #expect(actions.result?.accepted.map(\.client) == [0])
  }

  @Test func `what is in flight when the round ends is freed, and its storage comes too late`() {
    let rules = RoundRules(clientsPerRound: 2, deadline: .seconds(60))
    var bench = BrokerBench.open(clients: 2, rules: rules)
    bench.now = .seconds(50)
    bench.say(0, .offer(offer))
    bench.say(1, .offer(offer))
    bench.say(1, .updateChunk(offset: 0, length: 10))
    let end = bench.pass(.seconds(10))
    #expect(end.contains(.release(client: 0)))
    #expect(end.contains(.release(client: 1)))
    #expect(end.result?.outcomes.map(\.outcome) == [.late, .late])
    #expect(bench.handle(.stored(round: 1, client: 1, .accepted)).isEmpty)
  }
}
