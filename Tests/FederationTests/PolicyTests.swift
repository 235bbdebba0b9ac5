import Bytes
import Codecs
import Federation
import Measures
import Progressive
import Testing
import Wire

/// Who takes part, and whose updates count: over-selection, late updates, buffers, capped clients.
@Suite struct PolicyTests {
  private func bench(_ clients: Int, _ rules: RoundRules, rounds: [Int] = [5]) -> BrokerBench {
    BrokerBench.open(clients: clients, rounds: rounds, rules: rules)
  }

  private func selected(_ actions: [BrokerAction]) -> [Int] {
    for case .announce(let announce) in actions.published { return announce.selected }
    return []
  }

  // MARK: Over-selection

  @Test func `over-selection asks for more and ends with as many updates as there are to be`() {
    let rules = RoundRules(clientsPerRound: 3, overSelection: 1.3)
    var bench = bench(6, rules)
    let asked = selected(bench.pass(.seconds(1)))
    #expect(asked.count == 4)
    for client in asked { bench.say(client, BrokerBench.wants()) }
    for client in asked.prefix(2) { #expect(bench.upload(client).result == nil) }
    let result = bench.upload(asked[2]).result
    #expect(result?.accepted.map(\.client) == Array(asked.prefix(3)))
    #expect(result?.outcomes.last?.outcome == .surplus)
    // The last one's update is refused: it is of a round that is over.
    #expect(bench.say(asked[3], .offer(BrokerBench.offer())).counts == ["late offer"])
  }

  @Test func `a client that is gone when there are enough updates is lost, not surplus`() {
    var bench = bench(2, RoundRules(clientsPerRound: 1, overSelection: 2))
    bench.handle(.unsubscribed(.client(0)))
    #expect(bench.upload(1).result?.outcomes.map(\.outcome).first == .lost)
  }

  @Test func `without enough updates over-selection ends when all are settled`() {
    var bench = bench(3, RoundRules(clientsPerRound: 2, overSelection: 1.5))
    bench.upload(0)
    bench.say(1, .decline(.diverged, detail: ""))
    let result = bench.say(2, .decline(.diverged, detail: "")).result
    #expect(result?.accepted.map(\.client) == [0])
  }

  // MARK: Late updates

  private let lateRules = RoundRules(
    clientsPerRound: 2, stragglers: .nextRound(maximalStaleness: 1), quorum: 1, grace: .zero)

  /// A bench on which client 0's update ended round 1 while client 1 was at work, and round 2 is
  /// open.
  private func late(_ rules: RoundRules, clients: Int = 2) -> BrokerBench {
    var bench = bench(clients, rules)
    for client in 0..<clients { bench.say(client, BrokerBench.wants()) }
    bench.upload(0)
    bench.prepare(2)
    return bench
  }

  @Test func `a late update counts in the next round, with the weight of its staleness`() throws {
    var bench = bench(2, lateRules)
    for client in 0..<2 { bench.say(client, BrokerBench.wants()) }
    let first = bench.upload(0).result
    #expect(first?.outcomes.map(\.outcome).last == .carried)
    #expect(selected(bench.prepare(2)) == [0], "who is at work isn't asked for more")
    let granted = bench.say(1, .offer(BrokerBench.offer()), round: 1)
    guard case .send(.client(1), let grant)? = granted.last else {
      Issue.record("\(granted)")
      return
    }
    #expect(grant.header.round == 1, "it is answered about its own round")
    let last = bench.say(1, .updateChunk(offset: 0, length: 10), round: 1)
    #expect(last.last == .store(round: 2, client: 1, attempt: 0, BrokerBench.submission()))
    let stored = bench.handle(.stored(round: 2, client: 1, .accepted))
    #expect(stored.mail(to: 1) == [.acknowledge(.accepted)])
    let result = try #require(bench.upload(0, round: 2).result)
    #expect(result.accepted.map(\.client) == [0, 1])
    #expect(result.stale == 1)
    let contributions = result.contributions(lateRules)
    #expect(contributions.map(\.weight) == [600, 600 / 2.0.squareRoot()])
    #expect(contributions.map(\.denominatorWeight) == contributions.map(\.weight))
  }

  @Test func `an update that comes between two rounds counts in the second`() {
    var bench = bench(2, lateRules)
    for client in 0..<2 { bench.say(client, BrokerBench.wants()) }
    bench.say(1, .offer(BrokerBench.offer()))
    bench.say(1, .updateChunk(offset: 0, length: 4))
    bench.upload(0)
    #expect(bench.machine.openRound == nil)
    // What it had sent isn't sent again.
    let last = bench.say(1, .updateChunk(offset: 4, length: 6))
    #expect(last.last == .store(round: 2, client: 1, attempt: 0, BrokerBench.submission()))
    let stored = bench.handle(.stored(round: 2, client: 1, .accepted))
    #expect(stored.mail(to: 1) == [.acknowledge(.accepted)])
    #expect(selected(bench.prepare(2)) == [0], "a client counts once in a round")
    #expect(bench.upload(0, round: 2).result?.accepted.map(\.client) == [0, 1])
  }

  @Test func `what was being stored when its round ended is sent again, and counts once`() {
    var bench = bench(2, lateRules)
    for client in 0..<2 { bench.say(client, BrokerBench.wants()) }
    bench.say(1, .offer(BrokerBench.offer()))
    bench.say(1, .updateChunk(offset: 0, length: 10))
    #expect(bench.upload(0).contains(.release(client: 1)))
    #expect(bench.handle(.stored(round: 1, client: 1, .accepted)).isEmpty)
    #expect(bench.say(1, .offer(BrokerBench.offer())).granted == [1])
    bench.say(1, .updateChunk(offset: 0, length: 10))
    bench.handle(.stored(round: 2, client: 1, .accepted))
    bench.prepare(2)
    #expect(bench.upload(0, round: 2).result?.stale == 1)
  }

  @Test func `an update that would be too stale is given up, and refused when it comes`() {
    var bench = late(lateRules)
    let second = bench.upload(0, round: 2).result
    #expect(second?.givenUp == [1])
    bench.prepare(3)
    #expect(bench.say(1, .offer(BrokerBench.offer()), round: 1).counts == ["late offer"])
    #expect(bench.machine.carriedCount == 0)
  }

  @Test func `a late update isn't waited for`() {
    var bench = late(
      RoundRules(clientsPerRound: 2, stragglers: .nextRound(maximalStaleness: 3), quorum: 1))
    #expect(bench.machine.openRound == 1, "the grace isn't over")
    bench.pass(.seconds(5))
    bench.prepare(2)
    #expect(bench.upload(0, round: 2).result?.accepted.map(\.client) == [0])
  }

  @Test func `a client that says it dropped its late update is asked again`() {
    var bench = late(lateRules)
    bench.say(1, .decline(.failed, detail: "dropped"), round: 1)
    bench.upload(0, round: 2)
    #expect(selected(bench.prepare(3)) == [0, 1])
  }

  @Test func `a worker that replaces another one isn't held to its late update`() {
    var bench = late(lateRules)
    bench.handle(.unsubscribed(.client(1)))
    #expect(bench.join(1, worker: 9).counts == ["late update given up"])
    #expect(bench.machine.carriedCount == 0)
  }

  @Test func `late updates that were stored before a restart count, and are acknowledged again`() {
    let plan = BrokerBench.plan(clients: 2, rounds: [5], rules: lateRules, epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(plan: plan, round: 2, stored: [1: BrokerBench.submission()])
    bench.join(0)
    bench.join(1)
    let again = bench.say(1, .offer(BrokerBench.offer()), epoch: 2)
    #expect(again.mail(to: 1) == [.acknowledge(.duplicate)])
    #expect(selected(bench.prepare(2)) == [0])
    bench.say(0, .offer(BrokerBench.offer()), round: 2, epoch: 2)
    bench.say(0, .updateChunk(offset: 0, length: 10), round: 2, epoch: 2)
    let result = bench.handle(.stored(round: 2, client: 0, .accepted)).result
    #expect(result?.accepted.map(\.submission.round) == [2, 1])
  }

  // MARK: Buffers

  private let buffered = RoundRules(
    clientsPerRound: 2, stragglers: .buffered(size: 2, maximalStaleness: 2))

  @Test func `whoever is done is replaced at once, and the buffer's size ends the round`() {
    var bench = bench(4, buffered)
    let first = selected(bench.pass(.seconds(1)))
    #expect(first.count == 2)
    let actions = bench.upload(first[0])
    let others = Set(0..<4).subtracting(first)
    let invited = others.first { !actions.mail(to: $0).isEmpty }
    guard let invited, case .announce(let announce)? = actions.mail(to: invited).last else {
      Issue.record("nobody is asked in its place")
      return
    }
    #expect(Set(announce.selected) == [first[1], invited])
    bench.say(first[1], BrokerBench.wants())
    let result = bench.upload(invited).result
    #expect(result?.accepted.map(\.client).sorted() == [first[0], invited].sorted())
    #expect(result?.outcomes.first { $0.client == first[1] }?.outcome == .carried)
    // The one that is at work holds one of the two places.
    #expect(selected(bench.prepare(2)).count == 1)
  }

  @Test func `stale updates fill the buffer, and make its step smaller`() throws {
    var bench = bench(4, buffered)
    let first = selected(bench.pass(.seconds(1)))
    bench.say(first[1], BrokerBench.wants())
    bench.upload(first[0])
    let second = selected(bench.pass(.seconds(1))).first { !first.contains($0) }
    bench.upload(try #require(second))
    let third = selected(bench.prepare(2))
    bench.upload(try #require(third.first), round: 2)
    let offer = BrokerBench.offer()
    bench.say(first[1], .offer(offer), round: 1)
    bench.say(first[1], .updateChunk(offset: 0, length: 10), round: 1)
    let result = try #require(bench.handle(.stored(round: 2, client: first[1], .accepted)).result)
    #expect(result.stale == 1)
    let stale = try #require(
      result.contributions(buffered).first { $0.client == first[1] })
    #expect(stale.weight == 600 / 2.0.squareRoot())
    #expect(stale.denominatorWeight == 600)
  }

  @Test func `a buffer that nobody can fill is emptied when all are done`() {
    var bench = bench(
      2, RoundRules(clientsPerRound: 2, stragglers: .buffered(size: 5, maximalStaleness: 1)))
    bench.upload(0)
    #expect(bench.upload(1).result?.accepted.count == 2)
  }

  // MARK: Capped clients

  private static let deep = [
    Segment.keyframe("block1", 1, length: 100), Segment.keyframe("block2", 3, length: 100),
    Segment.keyframe("head2", 4, length: 30),
  ]
  private static let head1 = Segment.keyframe("head1", 2, length: 30)

  /// A bench at stage 2, whose client 1 is capped at stage 1.
  private func capped(_ heads: [Segment]) -> (bench: BrokerBench, opened: [BrokerAction]) {
    let plan = BrokerBench.plan(
      clients: 2, rounds: [0, 5], rules: RoundRules(clientsPerRound: 2))
    var bench = BrokerBench(plan: plan)
    for client in 0..<2 {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, maximalStage: client == 1 ? 1 : nil)
    }
    let opened = bench.handle(
      .prepared(
        PreparedModel(
          phase: plan.schedule.phase(in: 1), segments: Self.deep, updateLimit: 1000,
          shallowHeads: heads)))
    return (bench, opened)
  }

  @Test func `a capped client trains its stage's sub-model, and its update is known as that`() {
    var (bench, opened) = capped([Self.head1])
    guard case .announce(let announce)? = opened.published.first else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.selected == [0, 1])
    #expect(announce.shallowHeads == [Self.head1])
    let task = ClientTask(round: 1, stage: 2, announce: announce, limit: 1)
    #expect(task?.stage == 1)
    #expect(task?.segments == [Self.deep[0], Self.head1])
    let base = Segment.base(of: [Self.deep[0], Self.head1])
    #expect(task?.base == base)
    let offer = BrokerBench.offer(base: base)
    bench.say(1, .offer(offer))
    let last = bench.say(1, .updateChunk(offset: 0, length: 10))
    #expect(
      last.last
        == .store(round: 1, client: 1, attempt: 0, BrokerBench.submission(offer, stage: 1)))
    let other = BrokerBench.offer(base: Segment.base(of: Self.deep))
    bench.say(0, .offer(other), stage: 2)
    let whole = bench.say(0, .updateChunk(offset: 0, length: 10), stage: 2)
    #expect(
      whole.last
        == .store(round: 1, client: 0, attempt: 0, BrokerBench.submission(other, stage: 2)))
  }

  @Test func `where all heads supervise a capped client has those up to its own, from the model`()
    throws
  {
    let model =
      (1...3).map { Segment.keyframe("block\($0)", UInt8($0), length: 100) }
      + (1...3).map { Segment.keyframe("head\($0)", UInt8(10 + $0), length: 30) }
    var announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 9, learningRate: 1, selected: [0],
      segments: model, updateCodec: .dense32)
    let task = try #require(ClientTask(round: 1, stage: 3, announce: announce, limit: 2))
    #expect(task.stage == 2)
    #expect(task.segments.map(\.name) == ["block1", "block2", "head1", "head2"])
    #expect(task.base == Segment.base(of: [model[0], model[1], model[3], model[4]]))
    // In warm-up the model's own heads rest, but the last of the client's doesn't.
    for index in [0, 1, 3, 4] { announce.segments[index].trained = false }
    let entry = try #require(ClientTask(round: 1, stage: 3, announce: announce, limit: 2))
    #expect(entry.segments.map(\.trained) == [false, false, false, true])
    let schedule = GrowthSchedule(rounds: [0, 0, 5], strategy: .mixed)
    let prepared = PreparedModel(
      phase: schedule.phase(in: 1), segments: model, updateLimit: 1000)
    let round = RoundModel(stage: 3, prepared, depths: [])
    #expect(round.depths == [1, 2])
    #expect(round.stages[task.base] == 2)
    #expect(round.stage(allowedBy: 2) == 2 && round.stage(allowedBy: 9) == 3)
    #expect(round.segments(of: 1).map(\.name) == ["block1", "head1"])
  }

  @Test func `a capped client may ask for its head`() {
    var (bench, _) = capped([Self.head1])
    bench.pass(.seconds(2))
    let actions = bench.say(1, .want(worker: 1, needs: [Need(digest: Self.head1.only.digest)]))
    #expect(actions.contains(.repair(round: 1, client: 1, Self.head1.only, ranges: [0..<30])))
  }

  @Test func `without its head a capped client is left out`() {
    let (_, opened) = capped([])
    #expect(selected(opened) == [0])
  }

  @Test func `heads that no member needs aren't announced`() {
    let plan = BrokerBench.plan(clients: 1, rounds: [0, 5])
    var bench = BrokerBench(plan: plan)
    bench.join(0)
    let opened = bench.handle(
      .prepared(
        PreparedModel(
          phase: plan.schedule.phase(in: 1), segments: Self.deep, updateLimit: 1000,
          shallowHeads: [Self.head1])))
    guard case .announce(let announce)? = opened.published.last else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.shallowHeads.isEmpty)
  }

  @Test func `a capped client trains its head in warm-up, and its blocks after it`() {
    let schedule = GrowthSchedule(rounds: [1, 1, 3], warmUpRounds: 1)
    #expect(schedule.phase(in: 3).trainedSegments(depth: 2) == [.head(2)])
    #expect(schedule.phase(in: 4).trainedSegments(depth: 2) == [.block(1), .block(2), .head(2)])
    #expect(schedule.phase(in: 3).trainedSegments(depth: 3) == [.block(3), .head(3)])
  }
}
