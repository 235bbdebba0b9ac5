import Bytes
import Federation
import Foundation
import Measures
import Progressive
import Testing
import Wire

/// Rounds whose clients train as deep as they are expected to make it.
struct DepthRoundTests {
  private static let deep = [
    Segment.keyframe("block1", 1, length: 100), Segment.keyframe("block2", 3, length: 100),
    Segment.keyframe("head2", 4, length: 30),
  ]
  private static let head1 = Segment.keyframe("head1", 2, length: 30)

  /// A plan by which clients 0 and 1 take 1 and 2 s, and clients 2 and 3 five times as long.
  private static func plan(
    target: Duration? = .seconds(3), quorum: Int? = nil, least: Share = 0, most: Share? = nil
  ) -> BrokerPlan {
    func cost(_ factor: Int) -> DepthCost {
      DepthCost(
        transfer: [1, 2].map { .seconds($0 * factor) }, training: [.zero, .zero])
    }
    var plan = BrokerBench.plan(
      clients: 4, rounds: [0, 5],
      rules: RoundRules(
        clientsPerRound: 4, quorum: quorum, grace: .share(0.5), deadline: .seconds(60)))
    plan.depths = DepthPlan(
      rule: .byTime, target: target, least: least, most: most, parameters: [100, 10_000],
      samples: 10, epochs: 1,
      groups: [
        .init(clients: 0..<2, costs: [cost(1)]), .init(clients: 2..<4, costs: [cost(5)]),
      ])
    return plan
  }

  private static func open(_ plan: BrokerPlan) -> (bench: BrokerBench, announce: Announce?) {
    var bench = BrokerBench(plan: plan)
    for client in 0..<4 {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, samples: 600)
    }
    let announce = prepare(1, &bench)
    return (bench, announce)
  }

  private static func prepare(_ round: Int, _ bench: inout BrokerBench) -> Announce? {
    let opened = bench.handle(
      .prepared(
        PreparedModel(
          phase: bench.machine.plan.schedule.phase(in: round), segments: deep, updateLimit: 1000,
          shallowHeads: [head1])))
    for case .announce(let announce) in opened.published where announce.state == .open {
      return announce
    }
    return nil
  }

  private static let shallow = Segment.base(of: [deep[0], head1])
  private static let whole = Segment.base(of: deep)

  private static func upload(
    _ client: Int, stage: Int, round: Int = 1, _ bench: inout BrokerBench
  ) -> [BrokerAction] {
    let offer = BrokerBench.offer(base: stage == 1 ? shallow : whole)
    return bench.say(client, .offer(offer), round: round, stage: stage)
      + bench.say(client, .updateChunk(offset: 0, length: 10), round: round, stage: stage)
      + bench.handle(.stored(round: round, client: client, .accepted))
  }

  @Test func `the announcement tells the slow to train less`() throws {
    let announce = try #require(Self.open(Self.plan()).announce)
    #expect(announce.selected == [0, 1, 2, 3])
    #expect(announce.depths == [2: 1, 3: 1])
    #expect(announce.shallowHeads == [Self.head1])
    // Without such a plan nobody is told anything, and no head goes down.
    var fixed = Self.plan()
    fixed.depths = nil
    let plain = try #require(Self.open(fixed).announce)
    #expect(plain.depths.isEmpty && plain.shallowHeads.isEmpty)
  }

  @Test func `the result tells how deep and how long each trained, and the next round goes by it`()
    throws
  {
    var (bench, _) = Self.open(Self.plan())
    bench.now = .seconds(2)
    _ = Self.upload(0, stage: 2, &bench)
    bench.now = .seconds(8)
    // Client 1 takes four times as long as expected.
    _ = Self.upload(1, stage: 2, &bench)
    _ = Self.upload(2, stage: 1, &bench)
    let result = try #require(Self.upload(3, stage: 1, &bench).result)
    #expect(result.efforts.map(\.stage) == [2, 2, 1, 1])
    #expect(result.efforts.map(\.isWhole) == [true, true, false, false])
    #expect(result.efforts.map(\.time) == [2, 8, 8, 8].map { Duration.seconds($0) as Duration? })
    #expect((0..<4).map { bench.machine.history.depths.deepTurns(of: $0) } == [1, 1, 0, 0])
    let next = try #require(Self.prepare(2, &bench))
    #expect(next.depths == [1: 1, 2: 1, 3: 1])
    // A broker that goes on knows it, too.
    let kept = try JSONDecoder().decode(
      ParticipationHistory.self, from: try JSONEncoder().encode(bench.machine.history))
    #expect(kept == bench.machine.history)
  }

  @Test func `a client that was late took so long at least`() throws {
    var (bench, _) = Self.open(Self.plan(target: .seconds(11)))
    for client in 0..<3 { _ = Self.upload(client, stage: 2, &bench) }
    bench.say(3, .want(worker: 103, needs: []), stage: 2)
    bench.now = .seconds(58)
    bench.say(3, .heartbeat(.training), stage: 2)
    bench.now = .seconds(60)
    let result = try #require(bench.handle(.tick).result)
    let last = try #require(result.efforts.last)
    #expect(result.efforts.map(\.isAwaited) == [false, false, false, true])
    #expect(last.isOver && last.time == .seconds(60) && last.stage == 2)
    #expect(bench.machine.history.depths.pace(of: 3, in: try #require(Self.plan().depths)) > 2)
  }

  @Test func `a client trains the sub-model that it is asked for, or less`() throws {
    var announce = try #require(Self.open(Self.plan()).announce)
    func stage(_ depth: Int?, limit: Int? = nil) -> Int? {
      ClientTask(round: 1, stage: 2, announce: announce, limit: limit, depth: depth)?.stage
    }
    #expect(stage(nil) == 2 && stage(1) == 1 && stage(2, limit: 1) == 1)
    let task = ClientTask(round: 1, stage: 2, announce: announce, limit: nil, depth: 1)
    #expect(task?.base == Self.shallow && task?.model == Self.whole)
    announce.shallowHeads = []
    #expect(stage(1, limit: 1) == nil)
    #expect(announce.asking(2).depths == [2: 1] && announce.asking(2).selected == [2])
  }

  @Test func `a quorum holds an update of the whole stage`() throws {
    var (bench, announce) = Self.open(Self.plan(quorum: 2, least: 0.4))
    #expect(announce?.depths == [2: 1, 3: 1])
    // Two of four are there, and none of the two that train the whole stage.
    bench.now = .seconds(4)
    for client in [2, 3] { _ = Self.upload(client, stage: 1, &bench) }
    for second in 5...19 {
      bench.now = .seconds(second)
      bench.say(0, .heartbeat(.training), stage: 2)
      #expect(bench.handle(.tick).result == nil)
    }
    bench.now = .seconds(20)
    #expect(Self.upload(0, stage: 2, &bench).result == nil)
    // The other one has half of the time that it took.
    bench.now = .seconds(29)
    #expect(bench.handle(.tick).result == nil)
    bench.now = .seconds(30)
    let result = try #require(bench.handle(.tick).result)
    #expect(result.accepted.map(\.client) == [0, 2, 3])
  }

  @Test func `without a least share any updates make a quorum`() throws {
    var (bench, _) = Self.open(Self.plan(quorum: 2))
    bench.now = .seconds(4)
    for client in [2, 3] { _ = Self.upload(client, stage: 1, &bench) }
    bench.now = .seconds(6)
    #expect(bench.handle(.tick).result?.accepted.map(\.client) == [2, 3])
  }

  @Test func `who left or gave up isn't waited for, nor who trained less than asked`() throws {
    for isGone in [true, false] {
      var (bench, _) = Self.open(Self.plan(quorum: isGone ? 1 : 2, least: 0.4))
      bench.now = .seconds(4)
      if isGone {
        bench.say(0, .decline(.diverged, detail: ""), stage: 2)
      } else {
        _ = Self.upload(0, stage: 1, &bench)
      }
      bench.say(1, .decline(.diverged, detail: ""), stage: 2)
      #expect(Self.upload(2, stage: 1, &bench).result == nil)
      bench.now = .seconds(6)
      #expect(bench.handle(.tick).result?.accepted.map(\.client) == (isGone ? [2] : [0, 2]))
    }
  }

  @Test(arguments: [true, false])
  func `a quorum that lacked whole stages is there once those that train them are gone`(
    isTold: Bool
  ) throws {
    var (bench, _) = Self.open(Self.plan(quorum: 1, least: 0.4))
    bench.now = .seconds(4)
    bench.say(1, .decline(.diverged, detail: ""), stage: 2)
    _ = Self.upload(2, stage: 1, &bench)
    bench.now = .seconds(9)
    #expect(bench.handle(.tick).result == nil)
    bench.now = .seconds(10)
    if isTold {
      #expect(bench.say(0, .decline(.diverged, detail: ""), stage: 2).result == nil)
    } else {
      #expect(bench.handle(.unsubscribed(.client(0))).result == nil)
    }
    bench.now = .milliseconds(14_999)
    #expect(bench.handle(.tick).result == nil)
    // Half as long again as until the quorum was there.
    bench.now = .seconds(15)
    #expect(bench.handle(.tick).result?.accepted.map(\.client) == [2])
  }

  @Test func `the largest share holds, in turns`() throws {
    var (bench, announce) = Self.open(Self.plan(target: .seconds(30), least: 0.25, most: 0.25))
    var turns = Array(repeating: 0, count: 4)
    for round in 1...4 {
      let depths = try #require(announce).depths
      let deep = (0..<4).filter { depths[$0] == nil }
      #expect(deep.count == 1)
      for client in 0..<4 {
        _ = Self.upload(client, stage: depths[client] ?? 2, round: round, &bench)
      }
      for client in deep { turns[client] += 1 }
      announce = Self.prepare(round + 1, &bench)
    }
    #expect(turns == [1, 1, 1, 1])
  }
}
