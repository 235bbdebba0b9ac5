import Bytes
import Federation
import Testing
import Wire

/// What clients say that can't be right: told by the field's name, and the round goes on without
/// them.
@Suite struct FaultyMessageTests {
  private func offer(samples: Int = 600, loss: Float = 1) -> Uplink {
    var offer = BrokerBench.offer()
    (offer.samples, offer.loss) = (samples, loss)
    return .offer(offer)
  }

  /// A bench of two clients in round 1, with a plan that `change` has changed.
  private func bench(
    samples: Int? = nil, _ change: (inout BrokerPlan) -> Void = { _ in }
  ) -> BrokerBench {
    var plan = BrokerBench.plan(clients: 2)
    change(&plan)
    var bench = BrokerBench(plan: plan)
    for client in 0..<2 {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, samples: samples)
    }
    bench.prepare(1)
    return bench
  }

  /// Why client 0 was refused for good, as malformed; nil if it wasn't.
  private func complaint(_ actions: [BrokerAction]) -> String? {
    for case .refuse(.malformed, retry: nil, let detail) in actions.mail(to: 0) { return detail }
    return nil
  }

  @Test(arguments: [0, 601, 1 << 40, 1 << 48 - 1])
  func `an offer of more samples than its client was dealt, or none, is refused at once`(
    samples: Int
  ) throws {
    var bench = bench { $0.dealtSamples = [600, 600] }
    let actions = bench.say(0, offer(samples: samples))
    let detail = try #require(complaint(actions))
    #expect(detail.contains("samples is \(samples)"), "\(detail)")
    #expect(actions.counts == ["malformed update"])
    #expect(!actions.contains { if case .reserve = $0 { true } else { false } })
    // The round doesn't wait for it.
    let result = bench.upload(1).result
    #expect(result?.accepted.map(\.client) == [1])
    #expect(result?.outcomes.first?.outcome == .refused(.malformed))
  }

  @Test func `an offer of all samples that its client was dealt is taken`() {
    var bench = bench(samples: 600) {
      $0.dealtSamples = [600, 600]
      $0.rules.sampleLimit = 600
    }
    #expect(bench.say(0, offer(samples: 600)).granted == [0])
  }

  @Test func `a client has no more samples than it said when it joined, nor than any may have`()
    throws
  {
    var declared = bench(samples: 500)
    let own = try #require(complaint(declared.say(0, offer())))
    #expect(own.contains("beyond 500") && own.contains("JOIN"), "\(own)")
    var limited = bench { $0.rules.sampleLimit = 400 }
    let all = try #require(complaint(limited.say(0, offer())))
    #expect(all.contains("beyond 400") && all.contains("limits.samples"), "\(all)")
  }

  @Test(arguments: [-1, 10.5, 3e38] as [Float])
  func `a loss that training can't come to is refused`(loss: Float) throws {
    var bench = bench { $0.lossLimit = 10 }
    let detail = try #require(complaint(bench.say(0, offer(loss: loss))))
    #expect(detail.contains("field loss is \(loss)"), "\(detail)")
    #expect(bench.say(1, offer(loss: 10)).granted == [1])
  }

  @Test func `the header's stage must be that of the base`() throws {
    for stage in [0, 2, 1 << 31] {
      var bench = bench()
      let detail = try #require(complaint(bench.say(0, offer(), stage: stage)))
      #expect(detail == "field stage is \(stage); the base is that of stage 1")
    }
  }

  @Test func `what is wanted, declined or sent under another stage is refused`() throws {
    for body in [BrokerBench.wants(), .decline(.failed, detail: "")] {
      var bench = bench()
      let detail = try #require(complaint(bench.say(0, body, stage: 7)))
      #expect(detail == "field stage is 7, in a round of stage 1")
    }
    var bench = bench()
    bench.say(0, offer())
    let actions = bench.say(0, .updateChunk(offset: 0, length: 10), stage: 2)
    #expect(complaint(actions)?.contains("field stage is 2") == true)
    #expect(actions.first == .release(client: 0))
    #expect(bench.say(0, .updateChunk(offset: 0, length: 10)).counts == ["unexpected chunk"])
  }

  private func fault(
    round: Int = 1, run: UInt64 = BrokerBench.run, client: Int = 0
  ) -> BrokerEvent {
    .faulty(
      UplinkFault(
        header: Header(run: run, epoch: 1, round: round, stage: 1, client: client),
        problem: "field loss isn't a finite number"))
  }

  @Test func `a message that can't be read ends its client's part in the round`() {
    var bench = bench()
    bench.say(0, BrokerBench.wants())
    let actions = bench.handle(fault())
    #expect(complaint(actions) == "field loss isn't a finite number")
    #expect(bench.upload(1).result?.outcomes.first?.outcome == .refused(.malformed))
    // Another round's is answered as well, and changes nothing.
    #expect(complaint(bench.handle(fault(round: 9))) != nil)
  }

  @Test func `a message that can't be read doesn't undo an update that counts or may yet`() {
    var bench = bench()
    bench.say(0, offer())
    bench.say(0, .updateChunk(offset: 0, length: 10))
    #expect(bench.handle(fault()) == [.count("malformed update")])
    bench.handle(.stored(round: 1, client: 0, .accepted))
    #expect(bench.handle(fault()).mail(to: 0) == [.acknowledge(.duplicate)])
    #expect(bench.upload(1).result?.accepted.map(\.client) == [0, 1])
  }

  @Test func `strangers and other runs are counted, and not answered`() {
    var bench = bench()
    #expect(bench.handle(fault(client: 7)) == [.count("message of a stranger")])
    #expect(bench.handle(fault(run: 1)) == [.count("message of another run")])
    // Who knows no run yet asks to be taken in, as far as one can tell.
    #expect(complaint(bench.handle(fault(run: 0))) == "field loss isn't a finite number")
    #expect(bench.say(0, offer()).granted == [0])
    bench.say(0, .leave(worker: 100))
    #expect(bench.handle(fault()) == [.count("message of a stranger")])
  }

  @Test func `a request to join that can't be read is refused to its worker alone`() {
    var bench = bench()
    let actions = bench.handle(
      .faulty(
        UplinkFault(
          header: Header(client: 0), worker: 9, isJoin: true, reason: .wrongPlan,
          problem: "field plan isn't a digest")))
    #expect(
      actions.mail(to: 0) == [.refuse(.wrongPlan, retry: nil, detail: "field plan isn't a digest")])
    #expect(actions.addressees == [9])
    #expect(bench.say(0, offer()).granted == [0], "who plays it isn't touched")
  }

  @Test func `an update counts no more than the cap`() {
    var rules = RoundRules(clientsPerRound: 3)
    let result = RoundResult(
      round: 1, opened: .zero, closed: .zero,
      outcomes: [5, 100, 1 << 48 - 1].enumerated().map { client, samples in
        var offer = BrokerBench.offer()
        offer.samples = samples
        return (client, .accepted(BrokerBench.submission(offer)))
      }, duplicates: 0)
    #expect(result.contributions(rules).map(\.weight) == [5, 100, 0x1p48 - 1])
    rules.weightCap = 50
    #expect(result.contributions(rules).map(\.weight) == [5, 50, 50])
    #expect(result.contributions(rules).map(\.denominatorWeight) == [5, 50, 50])
    rules.weighting = .equal
    #expect(result.contributions(rules).map(\.weight) == [1, 1, 1])
  }
}
