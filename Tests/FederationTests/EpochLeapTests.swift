import Codecs
import Federation
import Testing
import Wire

/// Brokers that begin with an epoch that clients know already.
@Suite struct EpochLeapTests {
  private func bench(epoch: Int) -> BrokerBench {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2, epoch: epoch))
    bench.handle(.subscribed(.client(0)))
    bench.handle(.subscribed(.client(1)))
    return bench
  }

  /// A JOIN of a client that an epoch has taken in.
  private func join(
    _ bench: inout BrokerBench, _ client: Int, knowing epoch: Int, run: UInt64 = BrokerBench.run,
    worker: UInt64 = 7
  ) -> [BrokerAction] {
    let join = Join(worker: worker, plan: BrokerBench.digest, maximalStage: nil)
    return bench.handle(
      .message(Message(Header(run: run, epoch: epoch, client: client), .join(join))))
  }

  /// The epochs of what is said to clients, in order.
  private func epochs(_ actions: [BrokerAction]) -> [Int] {
    actions.compactMap { action in
      if case .send(_, let message) = action { message.header.epoch } else { nil }
    }
  }

  @Test func `a broker goes on after the latest epoch that a client knows, once that is durable`() {
    var bench = bench(epoch: 3)
    _ = bench.ask(1)
    let actions = join(&bench, 0, knowing: 9)
    #expect(actions.first == .leap(epoch: 11))
    #expect(Set(epochs(actions)) == [11] && actions.addressees == [7])
    // Whoever joined before hears it, and isn't heard before it has joined again.
    #expect(epochs(bench.pass(.seconds(1))).allSatisfy { $0 == 11 })
    #expect(bench.say(1, .heartbeat(.idle), epoch: 3).counts == ["message of another run"])
    #expect(join(&bench, 1, knowing: 3, worker: 101).addressees == [101])
    #expect(bench.machine.plan.epoch == 11)
  }

  @Test func `an epoch that took a worker in before this process did is over`() {
    var bench = bench(epoch: 3)
    #expect(join(&bench, 0, knowing: 3).first == .leap(epoch: 5))
    // The same worker may ask again in that.
    #expect(join(&bench, 0, knowing: 5).counts.isEmpty)
    #expect(bench.machine.plan.epoch == 5)
  }

  @Test func `earlier epochs and other runs lead nowhere`() {
    var bench = bench(epoch: 3)
    _ = join(&bench, 0, knowing: 2)
    _ = join(&bench, 1, knowing: 90, run: 5)
    #expect(bench.machine.plan.epoch == 3 && bench.machine.present == [0, 1])
  }

  @Test func `a JOIN can't lead far, nor often`() {
    var bench = bench(epoch: 3)
    let far = join(&bench, 0, knowing: 3 + EpochLeaps.farthest + 1)
    #expect(far.counts == ["malformed update"] && bench.machine.plan.epoch == 3)
    #expect(bench.machine.present.isEmpty)
    for _ in 1...EpochLeaps.most {
      let actions = join(
        &bench, 0, knowing: bench.machine.plan.epoch + EpochLeaps.farthest)
      #expect(actions.counts == ["epoch raised by a client"])
    }
    let last = bench.machine.plan.epoch
    #expect(last <= 3 + EpochLeaps.most * (EpochLeaps.farthest + 2))
    #expect(join(&bench, 1, knowing: last + 1).counts == ["malformed update"])
    #expect(bench.machine.plan.epoch == last)
  }

  @Test func `no epoch comes near the end of its bits`() {
    var bench = bench(epoch: EpochLeaps.end - 10)
    #expect(join(&bench, 0, knowing: EpochLeaps.end - 3).first == .leap(epoch: EpochLeaps.end - 1))
    #expect(join(&bench, 1, knowing: EpochLeaps.end - 1, worker: 8).counts == ["malformed update"])
  }

  private let waiting = Downlink.announce(
    Announce(
      sequence: 1, state: .waiting, warmUp: false, remaining: 0, learningRate: 0, selected: [],
      segments: [], updateCodec: .dense32))

  /// The headers of the JOINs among these actions.
  private func joins(_ actions: [ClientAction]) -> [Header] {
    actions.compactMap { action in
      guard case .send(let message) = action, case .join = message.body else { return nil }
      return message.header
    }
  }

  @Test func `a client that hears an earlier epoch of its run tells its own`() throws {
    var bench = ClientBench()
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 5)
    bench.hear(waiting, round: 0, client: nil, epoch: 3)
    let join = try #require(joins(bench.pass(.seconds(2))).first)
    #expect(join.run == ClientBench.run && join.epoch == 5)
  }

  @Test(arguments: [3, 7])
  func `an epoch that a client only heard of doesn't keep it from a broker that lost count`(
    epoch: Int
  ) throws {
    var client = ClientBench()
    client.hear(.welcome(ClientBench.welcome), round: 0, epoch: 6)
    // It takes nobody in, and is over. What the client heard mustn't seem to have taken it in.
    client.hear(waiting, round: 0, client: nil, epoch: 8)
    let told = try #require(joins(client.pass(.seconds(2))).first).epoch
    #expect(told == 7)
    // One that comes with it as it should takes the client in.
    var next = bench(epoch: 8)
    #expect(epochs(join(&next, 0, knowing: told)) == [8])
    // One of an earlier epoch goes on with one that nobody heard of.
    var lost = bench(epoch: epoch)
    #expect(epochs(join(&lost, 0, knowing: told)) == [9])
    client.hear(.welcome(ClientBench.welcome), round: 0, epoch: 9)
    #expect(client.machine.membership?.epoch == 9)
  }

  @Test func `who listens and doesn't join is asked to, now and then`() {
    var bench = bench(epoch: 1)
    _ = bench.ask(1)
    let pause = bench.machine.plan.limits.heartbeatInterval
    #expect(bench.pass(pause / 2).mail(to: 0).isEmpty)
    let asked = bench.pass(pause / 2)
    #expect(asked.mail(to: 0).count == 1 && asked.mail(to: 1).isEmpty)
    #expect(bench.pass(pause / 2).mail(to: 0).isEmpty)
    #expect(bench.pass(pause / 2).mail(to: 0).count == 1)
    _ = bench.ask(0)
    #expect(bench.pass(pause * 2).mail(to: 0).isEmpty)
  }
}
