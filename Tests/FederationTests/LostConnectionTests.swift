import Federation
import Testing
import Wire

/// Clients whose connection is lost while others listen to their mailboxes.
@Suite struct LostConnectionTests {
  /// A round of three clients, of which 1 has vanished while another worker listens for it.
  private func haunted() -> BrokerBench {
    var bench = BrokerBench.open(clients: 3)
    bench.handle(.subscribed(.client(1)))
    bench.handle(.unsubscribed(.client(1)))
    bench.handle(.disconnected(client: 1))
    return bench
  }

  /// True if a client is asked, among these actions, to join if it is there.
  private func isAsked(_ client: Int, in actions: [BrokerAction]) -> Bool {
    actions.mail(to: client).contains { message in
      if case .refuse(.wrongClient, retry: 1, _) = message { true } else { false }
    }
  }

  @Test func `a listener doesn't keep a client present that is gone and doesn't answer`() {
    var bench = haunted()
    #expect(bench.machine.present == [0, 1, 2])
    for _ in 1...5 { #expect(isAsked(1, in: bench.pass(.seconds(1)))) }
    #expect(bench.machine.present == [0, 1, 2])
    bench.pass(.seconds(2))
    #expect(bench.machine.present == [0, 2])
    // It may yet be there, and the questions lost.
    #expect(!isAsked(1, in: bench.pass(.seconds(1))))
    #expect(isAsked(1, in: bench.pass(.seconds(9))))
    // More listeners change nothing, but the client may be among them.
    #expect(isAsked(1, in: bench.handle(.subscribed(.client(1)))))
    #expect(bench.machine.present == [0, 2])
    bench.join(1)
    #expect(bench.machine.present == [0, 1, 2])
  }

  @Test func `a client that answers, or says anything, stays`() {
    for isAsked in [false, true] {
      var bench = haunted()
      if isAsked { bench.pass(.seconds(1)) }
      bench.say(1, .heartbeat(.training))
      bench.pass(.seconds(10))
      #expect(bench.machine.present == [0, 1, 2])
    }
  }

  @Test func `a client that was taken for gone is back with its next word`() {
    var bench = haunted()
    bench.pass(.seconds(1))
    bench.pass(.seconds(7))
    #expect(bench.machine.present == [0, 2])
    bench.say(1, .heartbeat(.training))
    #expect(bench.machine.present == [0, 1, 2])
  }

  @Test func `another worker takes over a client that is gone, at once`() {
    var bench = haunted()
    bench.pass(.seconds(1))
    bench.pass(.seconds(7))
    let actions = bench.ask(1, worker: 9)
    #expect(actions.addressees == [9] && bench.machine.present == [0, 1, 2])
  }

  @Test func `the room of a client that is gone goes to the next one`() {
    var limits = ProtocolLimits()
    limits.bytesInFlight = 10
    var bench = BrokerBench.open(clients: 3, limits: limits)
    bench.handle(.subscribed(.client(1)))
    bench.say(1, .offer(BrokerBench.offer()))
    bench.say(0, .offer(BrokerBench.offer()))
    bench.handle(.unsubscribed(.client(1)))
    bench.handle(.disconnected(client: 1))
    #expect(bench.pass(.seconds(1)).granted.isEmpty)
    #expect(bench.pass(.seconds(6)).granted == [0])
  }

  @Test func `a client nobody listens for isn't asked before somebody does`() {
    var bench = BrokerBench.open(clients: 2)
    bench.handle(.unsubscribed(.client(1)))
    bench.handle(.disconnected(client: 1))
    #expect(!isAsked(1, in: bench.pass(.seconds(1))))
    bench.handle(.subscribed(.client(1)))
    #expect(isAsked(1, in: bench.pass(.seconds(1))))
    bench.pass(.seconds(7))
    #expect(bench.machine.present == [0])
  }

  @Test func `a request to join whose connection is lost admits nobody who listens later`() {
    var bench = BrokerBench.open(clients: 2)
    bench.handle(.unsubscribed(.client(1)))
    bench.say(1, .leave(worker: 101))
    // The last words of a worker that is gone, and perhaps the next one's first ear.
    _ = bench.ask(1)
    bench.handle(.disconnected(client: 1))
    #expect(bench.handle(.subscribed(.client(1))).addressees.isEmpty)
    #expect(bench.machine.present == [0])
    _ = bench.ask(1, worker: 9)
    #expect(bench.machine.present == [0, 1])
  }
}
