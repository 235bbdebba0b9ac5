import Simulation
import Testing
import Wire

@Suite struct ConnectionsTests {
  private let mailbox = Subscription(.client(0), isBulk: false)
  private let chunks = Subscription(.step("00112233aabbccdd"), isBulk: true)

  /// Two clients of which the first has an open connection.
  private func connected() -> (Connections, Connection) {
    var connections = Connections(clients: 2)
    let first = connections.begin(0, life: 1)
    connections.establish(first)
    return (connections, first)
  }

  @Test func `a connection is open from its handshakes to its end, or to the next one`() {
    var connections = Connections(clients: 2)
    #expect(connections.latest(of: 0).number == 0 && connections.open(of: 0) == nil)
    let first = connections.begin(0, life: 1)
    #expect(!connections.isOpen(0) && connections.isLatest(first))
    connections.establish(first)
    #expect(connections.isOpen(first) && connections.open(of: 0) == first)
    #expect(!connections.isOpen(1))
    let second = connections.begin(0, life: 1)
    #expect(second.number == 2 && !connections.isOpen(0) && !connections.isLatest(first))
    // The handshakes of a connection that was given up come to nothing.
    connections.establish(first)
    #expect(!connections.isOpen(0))
    connections.establish(second)
    connections.end(0)
    #expect(!connections.isOpen(second) && connections.isLatest(second))
  }

  @Test func `what a client wants outlives its connections, once each and in order`() {
    var (connections, _) = connected()
    connections.reset(0, wanting: [mailbox])
    let (isNew, isNewAgain) = (connections.want(chunks, by: 0), connections.want(chunks, by: 0))
    #expect(isNew && !isNewAgain)
    connections.end(0)
    _ = connections.begin(0, life: 2)
    #expect(connections.wanted(by: 0) == [mailbox, chunks])
    let (wasThere, isStillThere) = (
      connections.drop(mailbox, by: 0), connections.drop(mailbox, by: 0)
    )
    #expect(wasThere && !isStillThere)
    #expect(connections.wanted(by: 0) == [chunks])
    // A new process begins with what it is told to.
    connections.reset(0, wanting: [mailbox])
    #expect(connections.wanted(by: 0) == [mailbox])
    #expect(connections.wanted(by: 1).isEmpty)
  }

  @Test func `the two sockets are told apart`() {
    var (connections, first) = connected()
    connections.subscribed(to: mailbox, on: first)
    #expect(connections.hears(0, mailbox))
    #expect(!connections.hears(0, Subscription(mailbox.topic, isBulk: true)))
    #expect(!connections.hears(1, mailbox))
  }

  @Test func `a connection is lost with all that was told on it, in order, and only once`() {
    var (connections, first) = connected()
    for subscription in [mailbox, chunks] { connections.subscribed(to: subscription, on: first) }
    connections.end(0)
    // The broker's end hasn't noticed yet.
    #expect(connections.hears(0, mailbox) && connections.listeners(to: chunks.topic) == [0])
    let ended = connections.lost(first)
    #expect(ended == [mailbox, chunks])
    #expect(!connections.hears(0, mailbox) && connections.listeners(to: chunks.topic) == [])
    let again = connections.lost(first)
    #expect(again == [])
  }

  @Test func `a client that has reconnected is heard still when its earlier connection is lost`() {
    var (connections, first) = connected()
    connections.subscribed(to: chunks, on: first)
    connections.end(0)
    let second = connections.begin(0, life: 1)
    connections.establish(second)
    connections.subscribed(to: chunks, on: second)
    #expect(connections.count(of: chunks) == 2)
    let ended = connections.lost(first)
    #expect(ended == [chunks])
    #expect(connections.hears(0, chunks) && connections.hears(chunks, on: second))
    #expect(!connections.hears(chunks, on: first))
    #expect(connections.listeners(to: chunks.topic) == [0])
    let (wasKnown, isStillKnown) = (
      connections.unsubscribed(from: chunks, on: second),
      connections.unsubscribed(from: chunks, on: second)
    )
    #expect(wasKnown && !isStillKnown)
    #expect(connections.listeners(to: chunks.topic) == [])
  }

  @Test func `listeners to a step come in rising order, whenever they subscribed`() {
    var connections = Connections(clients: 6)
    for client in [4, 0, 5, 2] {
      let connection = connections.begin(client, life: 1)
      connections.subscribed(to: chunks, on: connection)
    }
    #expect(connections.listeners(to: chunks.topic) == [0, 2, 4, 5])
    connections.unsubscribed(from: chunks, on: connections.latest(of: 4))
    #expect(connections.listeners(to: chunks.topic) == [0, 2, 5])
  }

  @Test func `a broker that is gone has forgotten all, and clients know what they want`() {
    var (connections, first) = connected()
    connections.reset(0, wanting: [mailbox, chunks])
    for subscription in [mailbox, chunks] { connections.subscribed(to: subscription, on: first) }
    connections.reset()
    #expect(!connections.isOpen(0) && !connections.hears(0, mailbox))
    #expect(connections.listeners(to: chunks.topic) == [])
    let (ended, next) = (connections.lost(first), connections.begin(0, life: 2))
    #expect(ended == [] && next.number == 2)
    #expect(connections.wanted(by: 0) == [mailbox, chunks])
  }
}
