import Codecs
import Bytes
import Federation
import Progressive
import Testing
import Wire

/// Rounds whose model is reached by a keyframe and differences.
@Suite struct DeltaRoundTests {
  private func model(_ contents: UInt8...) -> [Segment] {
    [
      .chain("block1", contents, keyframe: 100, delta: 10),
      .chain("head1", contents.map { $0 + 100 }, keyframe: 30, delta: 5),
    ]
  }

  private func announces(_ mail: [Downlink]) -> [Announce] {
    mail.compactMap {
      guard case .announce(let announce) = $0 else { return nil }
      return announce
    }
  }

  private func wanted(_ actions: [ClientAction]) -> [Digest] {
    for case .want(_, let needs) in actions.sent { return needs.map(\.digest) }
    return []
  }

  // The client

  @Test func `a client that missed rounds fetches the differences since its last one, in order`() {
    var bench = ClientBench.member()
    var segments = model(1)
    #expect(wanted(bench.announce(1, segments: segments)) == segments.map(\.only.digest))
    for segment in segments { bench.chunk(segment, 0..<segment.only.length) }
    segments = model(1, 2, 3, 4)
    // Rounds 2 and 3 are without it, and their segments aren't listed to all.
    for round in 2...3 {
      #expect(
        bench.announce(round, selected: [7], segments: [], base: Digest(of: [UInt8(round)]))
          == (round == 2 ? [.settled(round: 1, accepted: false)] : []))
    }
    let actions = bench.announce(4, segments: segments, client: 3)
    let missed = segments[0].steps.suffix(3) + segments[1].steps.suffix(3)
    #expect(wanted(actions) == missed.map(\.digest))
    var last: [ClientAction] = []
    for step in missed.shuffled() { last = bench.chunk(step, 0..<step.length) }
    #expect(last.trains?.base == Segment.base(of: segments))
  }

  @Test func `a state is reached as soon as all of its steps are there`() {
    var bench = ClientBench.member()
    let segments = model(1, 2)
    bench.announce(1, segments: segments)
    let head = segments[1]
    #expect(bench.chunk(head.steps[1], 0..<5) == [])
    #expect(bench.chunk(head.steps[0], 0..<30) == [.reached(head)])
    // The round ends, but what was reached stays: the next round's head is one step further.
    bench.hear(.closed(accepted: 0), client: nil)
    let next = model(1, 2, 3)
    #expect(
      wanted(bench.announce(2, segments: next))
        == next[0].steps.map(\.digest) + [next[1].steps[2].digest])
  }

  @Test func `a selected client that wasn't told how asks, no oftener than the broker announces`() {
    var bench = ClientBench.member()
    let base = Segment.base(of: model(1, 2))
    let join = Uplink.join(Join(worker: 40, plan: BrokerBench.digest, maximalStage: nil))
    #expect(bench.announce(1, segments: [], base: base).sent == [join])
    #expect(bench.announce(1, segments: [], base: base).sent == [join])
    // In its mailbox it hears of steps from a state that it doesn't hold.
    var useless = model(1, 2)
    for index in useless.indices { useless[index].steps.removeFirst() }
    #expect(bench.announce(1, segments: useless, client: 3).isEmpty)
    #expect(bench.hear(.welcome(ClientBench.welcome), round: 0).isEmpty)
    #expect(wanted(bench.announce(1, segments: model(1, 2), client: 3)).count == 4)
    #expect(bench.announce(1, segments: [], base: base).isEmpty)
    #expect(bench.machine.task?.base == base)
  }

  @Test func `a failed training builds the next model up from nothing`() {
    var bench = ClientBench.member()
    let segments = model(1)
    bench.announce(1, segments: segments)
    for segment in segments { bench.chunk(segment, 0..<segment.only.length) }
    bench.handle(.failed(round: 1, .failed, detail: "other values"))
    #expect(wanted(bench.announce(2, segments: model(1, 2))).count == 4)
  }

  @Test func `an anchor that was passed serves again`() {
    var bench = ClientBench.member()
    func anchored(_ content: UInt8) -> [Segment] {
      var segment = Segment.keyframe("block1", 1, length: 100)
      segment.state = Segment.state(content)
      segment.steps.append(
        ModelPatch(
          digest: Digest(of: [content]), length: 20, codec: .values(.dense32),
          from: Segment.state(1).prefix, to: segment.state.prefix))
      return [segment]
    }
    let first = anchored(2)
    #expect(wanted(bench.announce(1, segments: first)) == first[0].steps.map(\.digest))
    for step in first[0].steps { bench.chunk(step, 0..<step.length) }
    #expect(wanted(bench.announce(2, segments: anchored(3))) == [Digest(of: [3])])
  }

  // The broker

  @Test func `where there is a choice, each selected client hears its way in its mailbox`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2, rounds: [3]))
    for client in 0..<2 { bench.join(client) }
    let actions = bench.prepare(1, segments: model(1, 2))
    for client in 0..<2 {
      let invitations = announces(actions.mail(to: client))
      #expect(invitations.map(\.segments) == [model(1, 2)])
      #expect(invitations.map(\.selected) == [[client]])
    }
    let published = announces(actions.published)
    #expect(published.map(\.segments) == [[]])
    #expect(published.map(\.base) == [Segment.base(of: model(1, 2))])
    #expect(published.map(\.selected) == [[0, 1]])
  }

  @Test func `a client whose update counted is told the way from there, others the whole`() {
    var bench = BrokerBench(
      plan: BrokerBench.plan(
        clients: 2, rounds: [3], rules: RoundRules(clientsPerRound: 2, quorum: 1, grace: .zero)))
    for client in 0..<2 { bench.join(client) }
    bench.prepare(1, segments: model(1))
    let offer = BrokerBench.offer(base: Segment.base(of: model(1)))
    bench.say(0, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 10))
    #expect(bench.handle(.stored(round: 1, client: 0, .accepted)).result != nil)
    let actions = bench.prepare(2, segments: model(1, 2))
    let told = announces(actions.mail(to: 0)).first?.segments.map(\.steps)
    #expect(told == model(1, 2).map { [$0.steps[1]] })
    #expect(announces(actions.mail(to: 1)).first?.segments == model(1, 2))
    // A worker that starts anew holds nothing, and is told all.
    bench.handle(.unsubscribed(.client(0)))
    let again = bench.join(0, worker: 9)
    #expect(announces(again.mail(to: 0)).first?.segments == model(1, 2))
  }

  @Test func `differences are broadcast to those who miss them, each once`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2, rounds: [3]))
    for client in 0..<2 { bench.join(client) }
    let segments = model(1, 2, 3)
    bench.prepare(1, segments: segments)
    let steps = segments[0].steps
    for step in steps { bench.handle(.subscribed(.step(step.digest))) }
    bench.say(0, .want(worker: 1, needs: steps.map { Need(digest: $0.digest) }))
    let actions = bench.say(1, .want(worker: 1, needs: [Need(digest: steps[2].digest)]))
    #expect(
      actions.broadcasts == [
        Broadcast(step: steps[0], clients: [0]), Broadcast(step: steps[1], clients: [0]),
        Broadcast(step: steps[2], clients: [0, 1]),
      ])
  }
}
