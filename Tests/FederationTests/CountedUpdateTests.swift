import Bytes
import Codecs
import Federation
import Foundation
import Progressive
import Testing
import Wire

/// Which update of each client counted last: the broker tells it, and clients remember by it.
struct CountedUpdateTests {
  private static func plan(_ clients: Int, rounds: [Int] = [4]) -> BrokerPlan {
    var plan = BrokerBench.plan(clients: clients, rounds: rounds)
    plan.clientsRemember = true
    return plan
  }

  /// A bench on which all clients have joined and round 1 is open, with the actions that opened it.
  private static func open(_ clients: Int) -> (BrokerBench, [BrokerAction]) {
    var bench = BrokerBench(plan: plan(clients))
    for client in 0..<clients { bench.join(client) }
    let actions = bench.prepare(1)
    return (bench, actions)
  }

  /// What the announcements to all, or to one client, say that counted.
  private static func told(
    _ actions: [BrokerAction], to topic: Topic = .all
  ) -> [[Int: CountedUpdate]?] {
    actions.compactMap { action in
      guard case .send(topic, let message) = action, case .announce(let announce) = message.body,
        announce.state == .open
      else { return nil }
      return announce.counted
    }
  }

  private static let first = BrokerBench.submission().counted

  @Test func `a round tells each selected client its last update that counts, once`() {
    var (bench, opening) = Self.open(2)
    #expect(Self.told(opening) == [[:]])
    // The heartbeat doesn't repeat it.
    #expect(Self.told(bench.pass(.seconds(2))) == [nil])
    bench.upload(0)
    bench.say(1, .decline(.noData, detail: ""))
    #expect(Self.told(bench.prepare(2)) == [[0: Self.first]])
    #expect(Self.told(bench.pass(.seconds(2))) == [nil])
  }

  @Test func `a client that joins within a round hears its own`() {
    var (bench, _) = Self.open(2)
    bench.upload(0)
    bench.upload(1)
    bench.prepare(2)
    let told = Self.told(bench.join(0), to: .client(0))
    #expect(told.count == 1 && told[0]?[0] == Self.first)
  }

  @Test func `a plan of clients that remember nothing tells nothing`() {
    var bench = BrokerBench.open(clients: 2)
    bench.upload(0)
    bench.upload(1)
    #expect(Self.told(bench.prepare(2)) == [nil])
  }

  @Test func `a discarded round's updates don't count: those before it do`() {
    var (bench, _) = Self.open(1)
    bench.upload(0)
    bench.prepare(2)
    let offer = BrokerBench.offer(of: 9)
    bench.say(0, .offer(offer), round: 2)
    bench.say(0, .updateChunk(offset: 0, length: 10), round: 2)
    bench.handle(.stored(round: 2, client: 0, .accepted))
    var model = PreparedModel(
      phase: bench.machine.plan.schedule.phase(in: 3), segments: BrokerBench.segments,
      updateLimit: 1000)
    var discarded = bench
    let counted = BrokerBench.submission(offer, round: 2).counted
    #expect(Self.told(bench.handle(.prepared(model))) == [[0: counted]])
    model.followsDiscarded = true
    #expect(Self.told(discarded.handle(.prepared(model))) == [[0: Self.first]])
  }

  @Test func `a history comes back with the updates that count, also from before they were kept`()
    throws
  {
    let (bench, _) = Self.open(1)
    var broker = bench
    broker.upload(0)
    let history = broker.machine.history
    #expect(history.counted == [0: Self.first])
    let kept = try JSONEncoder().encode(history)
    let read = try JSONDecoder().decode(ParticipationHistory.self, from: kept)
    #expect(read.counted == history.counted)
    let old = Data(#"{"turns":{"3":2},"reliabilities":{}}"#.utf8)
    #expect(try JSONDecoder().decode(ParticipationHistory.self, from: old).counted == [:])
  }

  // MARK: The client

  private static func announce(_ counted: [Int: CountedUpdate]?) -> Announce {
    Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 1000, learningRate: 0.1, selected: [3],
      segments: ClientBench.segments, updateCodec: .dense32, counted: counted)
  }

  private static func member() -> ClientBench {
    var bench = ClientBench(remembers: true)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    return bench
  }

  private static let other = CountedUpdate(round: 7, digest: 70)

  @Test func `a client trains from what the broker says that it remembers`() {
    var bench = Self.member()
    bench.hear(.announce(Self.announce([3: Self.other])), round: 8, client: nil)
    #expect(bench.receiveModel().trains?.counted == Self.other)
    // Another one than it heard of itself: an acknowledgement was lost, or the round discarded.
    bench.handle(.trained(round: 8, BrokerBench.offer()))
    bench.hear(.acknowledge(.accepted), round: 8)
    let actions = bench.hear(
      .announce(Self.announce([3: Self.other])), round: 9, client: nil)
    #expect(actions.trains?.counted == Self.other)
  }

  @Test func `a client that wasn't told what it remembers asks, and trains once it was`() {
    var bench = Self.member()
    let actions = bench.hear(.announce(Self.announce(nil)), round: 8, client: nil)
    guard case .join? = actions.sent.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(bench.machine.task == nil)
    bench.hear(.announce(Self.announce([:])), round: 8, client: 3)
    #expect(bench.machine.task?.round == 8 && bench.machine.task?.counted == nil)
  }

  @Test func `a client goes by its acknowledgements where an earlier broker says nothing`() {
    var bench = Self.member()
    bench.hear(.announce(Self.announce(nil)), round: 1)
    bench.receiveModel()
    bench.handle(.trained(round: 1, BrokerBench.offer()))
    bench.hear(.acknowledge(.duplicate))
    let actions = bench.hear(.announce(Self.announce(nil)), round: 2)
    #expect(actions.trains?.counted == Self.first)
  }

  @Test func `a client that remembers nothing needs no word of it`() {
    var bench = ClientBench.member()
    bench.announce(1)
    #expect(bench.receiveModel().trains != nil)
  }
}
