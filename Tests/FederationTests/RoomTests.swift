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
