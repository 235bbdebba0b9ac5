import Bytes
import Federation
import Testing
import Wire

/// What clients leave behind that are gone, or come with the wrong thing.
@Suite struct RoomTests {
  private let offer = BrokerBench.offer(10)

  private func narrow() -> BrokerBench {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 10
    var bench = BrokerBench.open(clients: 3, limits: limits)
    bench.say(0, .offer(offer))
    bench.say(1, .offer(offer))
    return bench
  }

  @Test func `the room of a client that vanished goes to the next one`() {
    var bench = narrow()
    bench.say(0, .updateChunk(offset: 0, length: 5))
    let actions = bench.handle(.unsubscribed(.client(0)))
    #expect(actions.contains(.release(client: 0)))
    #expect(actions.granted == [1])
    // When it is back, it offers again and gets room again.
    bench.join(0)
    bench.say(1, .updateChunk(offset: 0, length: 10))
    bench.handle(.stored(round: 1, client: 1, .accepted))
    #expect(bench.say(0, .offer(offer)).granted == [0])
  }

  @Test func `the room of a client that fell silent goes to the next one`() {
    var bench = narrow()
    bench.now = .seconds(29)
    #expect(bench.handle(.tick).granted.isEmpty)
    bench.say(1, .offer(offer))
    let actions = bench.pass(.seconds(1))
    #expect(actions.granted == [1])
    #expect(actions.counts == ["grant withdrawn"])
  }

  /// A room of one update of ten bytes, which come in chunks of five, granted to client 0 while
  /// client 1 waits.
  private func chunked() -> BrokerBench {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 10
    limits.chunkBytes = 5
    var bench = BrokerBench.open(clients: 3, limits: limits)
    bench.say(0, .offer(offer))
    bench.say(1, .offer(offer))
    return bench
  }

  /// Lets time pass second by second in which client 0 says that it lives, client 1 that it waits,
  /// and whatever `more` adds.
  private func pass(
    _ seconds: Int, _ bench: inout BrokerBench,
    _ more: (Int, inout BrokerBench) -> Void = { _, _ in }
  ) -> [BrokerAction] {
    (1...seconds).flatMap { second in
      more(second, &bench)
      bench.say(0, second % 3 == 0 ? .offer(offer) : .heartbeat(.idle))
      if bench.machine.present.contains(1) { bench.say(1, .offer(offer)) }
      return bench.pass(.seconds(1))
    }
  }

  @Test func `words don't renew a leave to send: the room goes to the next one`() {
    var bench = chunked()
    #expect(pass(28, &bench).counts.isEmpty)
    let actions = pass(4, &bench)
    #expect(actions.counts == ["grant without bytes"])
    #expect(actions.contains(.release(client: 0)) && actions.granted == [1])
    // It waits behind the one that has the room now, and gets it again.
    bench.say(0, .offer(offer))
    bench.say(1, .updateChunk(offset: 0, length: 10))
    #expect(bench.handle(.stored(round: 1, client: 1, .accepted)).granted == [0])
  }

  @Test func `a chunk renews a leave, and single bytes don't`() {
    var bench = chunked()
    let chunk: (Int, inout BrokerBench) -> Void = { second, bench in
      if second == 20 { bench.say(0, .updateChunk(offset: 0, length: 5)) }
    }
    #expect(pass(48, &bench, chunk).counts.isEmpty)
    #expect(pass(6, &bench).granted == [1])
    var dripping = chunked()
    let drop: (Int, inout BrokerBench) -> Void = { second, bench in
      if second % 10 == 0 { bench.say(0, .updateChunk(offset: second / 10, length: 1)) }
    }
    #expect(pass(32, &dripping, drop).granted == [1])
  }

  @Test func `a leave that nobody else waits for isn't taken back`() {
    var bench = chunked()
    bench.say(1, .leave(worker: 101))
    #expect(pass(90, &bench).counts.isEmpty)
    #expect(
      bench.say(0, .updateChunk(offset: 0, length: 10)).contains { action in
        if case .store = action { true } else { false }
      })
  }

  @Test(arguments: [-40, 20])
  func `a clock that jumps takes no leave back, and lengthens none`(jump: Int) {
    var bench = chunked()
    _ = pass(5, &bench)
    bench.now += .seconds(jump)
    #expect(bench.handle(.tick).counts.isEmpty)
    // A machine whose clock went back wakes when its own time has come again.
    if jump < 0 { bench.now -= .seconds(jump) }
    #expect(pass(20, &bench).counts.isEmpty)
    #expect(pass(8, &bench).counts == ["grant without bytes"])
  }

  @Test func `a leave ages over rounds that are shorter than the time between two looks`() {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 10
    let rules = RoundRules(
      clientsPerRound: 3, stragglers: .nextRound(maximalStaleness: 99),
      deadline: .milliseconds(700))
    var bench = BrokerBench.open(clients: 3, rounds: [100], rules: rules, limits: limits)
    for client in 0...1 { bench.say(client, .offer(offer)) }
    var (round, actions): (Int, [BrokerAction]) = (1, [])
    for step in 1...330 {
      if step.isMultiple(of: 20) {
        bench.say(0, .heartbeat(.sending))
        bench.say(1, .offer(offer))
      }
      let new = bench.pass(.milliseconds(100))
      actions += new
      guard new.result != nil else { continue }
      round += 1
      bench.prepare(round)
    }
    #expect(round == 48)
    #expect(actions.counts == ["grant without bytes"] && actions.granted == [1])
  }

  @Test func `a client that isn't there is granted nothing`() {
    var bench = narrow()
    bench.handle(.unsubscribed(.client(1)))
    bench.say(2, .offer(offer))
    bench.say(0, .updateChunk(offset: 0, length: 10))
    #expect(bench.handle(.stored(round: 1, client: 0, .accepted)).granted == [2])
  }

  @Test func `an update of another model doesn't hold up the round, but a right one is taken`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .offer(BrokerBench.offer(base: Digest(of: [0]))))
    #expect(bench.say(0, .offer(offer)).granted == [0])
    bench.say(0, .offer(BrokerBench.offer(base: Digest(of: [0]))))
    let result = bench.upload(1).result
    #expect(result?.outcomes.map(\.outcome).first == .refused(.wrongBase))
  }

  @Test func `a late leave of an earlier worker leaves its successor in`() {
    var bench = BrokerBench.open(clients: 2)
    bench.handle(.unsubscribed(.client(0)))
    bench.join(0, worker: 9)
    #expect(bench.say(0, .leave(worker: 100)).counts == ["leave of an earlier worker"])
    #expect(bench.machine.present == [0, 1])
    bench.say(0, .leave(worker: 9))
    #expect(bench.machine.present == [1])
  }

  @Test func `a client that leaves isn't waited for, and one that returns is expected again`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, .leave(worker: 100))
    guard case .announce(let without)? = bench.pass(.seconds(1)).published.first else {
      Issue.record("no announcement")
      return
    }
    #expect(without.selected == [1])
    guard case .announce(let with)? = bench.join(0).mail(to: 0).last else {
      Issue.record("it isn't told of the round")
      return
    }
    #expect(with.selected == [0, 1])
    bench.say(0, .leave(worker: 100))
    #expect(bench.upload(1).result?.outcomes.map(\.outcome).first == .lost)
  }
}
