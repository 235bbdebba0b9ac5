import Ledger
import Measures
import Server
import Testing
import Wire
import ZMTP

/// What crosses the broker's sockets, booked for the clients' links and for the sockets.
struct BrokerBooksTests {
  private static let cost = ZMTPCost(.null)

  /// Books with so many connections that listen to `topic` on the bulk socket.
  private static func books(listeners: Int, to topic: String) -> BrokerBooks {
    var books = BrokerBooks(.null)
    for _ in 0..<listeners {
      books.noticed(topic, of: topic.utf8.count, on: .bulk, isSubscription: true, wasSent: false)
    }
    return books
  }

  @Test func `a broadcast crosses each connection once, and each client's link once`() {
    let topic = "m/0123/"
    var books = Self.books(listeners: 2, to: topic)
    books.published(
      topic, on: .bulk, frames: [7, 30, 1000], kind: .keyframe, payload: 1000, to: [0, 1, 2, 3, 4])
    let wire = Self.cost.message([7, 30, 1000])
    #expect(books.total.down.payload == ByteCount(5000))
    #expect(books.total.down.wire == ByteCount(5 * wire.bytes))
    #expect(books.sockets[.bulk]?.down.payload == ByteCount(2000))
    #expect(books.sockets[.bulk]?.down.wire == ByteCount(2 * wire.bytes))
  }

  @Test func `what nobody listens to leaves no socket`() {
    var books = BrokerBooks(.null)
    books.published(
      "m/0123/", on: .bulk, frames: [7, 30, 10], kind: .keyframe, payload: 10, to: [])
    #expect(books.total == .zero && books.sockets[.bulk] == nil)
  }

  @Test func `a cancelled subscription no longer counts`() {
    let topic = "m/0123/"
    var books = Self.books(listeners: 1, to: topic)
    books.noticed(topic, of: 7, on: .bulk, isSubscription: false, wasSent: true)
    let cancelled = books.sockets[.bulk]?.up.wire
    #expect(cancelled == Self.cost.cancel(topic: 7))
    books.published(
      topic, on: .bulk, frames: [7, 30, 10], kind: .keyframe, payload: 10, to: [0])
    #expect(books.sockets[.bulk]?.down == .zero)
    #expect(books.total.down.payload == ByteCount(10))
  }

  @Test func `a chunk that a client asks for again is taken back, if it was broadcast to it`() {
    let topic = "m/0123/"
    var books = Self.books(listeners: 1, to: topic)
    books.broadcast(topic, to: [0])
    books.published(
      topic, on: .bulk, frames: [7, 30, 10], kind: .keyframe, payload: 10, to: [0, 1])
    let wire = Self.cost.message([7, 30, 10]).bytes
    books.lost(topic, 1, frames: [7, 30, 10], kind: .keyframe, payload: 10)
    #expect(books.total.down.wire == ByteCount(2 * wire))
    books.lost(topic, 0, frames: [7, 30, 10], kind: .keyframe, payload: 10)
    #expect(books.total.down.wire == ByteCount(wire) && books.total.down.payload == ByteCount(10))
  }

  @Test func `an update counts for its client and for the socket`() {
    var books = BrokerBooks(.null)
    books.received(from: 3, frames: [40, 500], kind: .update, payload: 500)
    let wire = Self.cost.message([40, 500])
    #expect(books.total.up == Traffic(payload: ByteCount(500), wire: wire))
    #expect(books.sockets[.updates]?.up == Traffic(payload: ByteCount(500), wire: wire))
  }

  @Test func `a client is greeted once, and pays for each connection again`() {
    var books = BrokerBooks(.null)
    books.greeted(2)
    let once = books.total
    #expect(once.down.wire == books.handshakes.down && once.up.wire > books.handshakes.up)
    books.greeted(2)
    #expect(books.total == once)
    books.reconnected(2)
    #expect(books.total.up.wire == once.up.wire + once.up.wire)
  }

  @Test func `a closed book is handed out, and booking goes on with an empty one`() {
    var books = BrokerBooks(.null)
    books.received(from: 3, frames: [40, 500], kind: .update, payload: 500)
    books.count("malformed frame", by: 2)
    let book = books.close()
    #expect(book.counters == ["malformed frame": 2])
    #expect(book.total(.client, .up).payload == ByteCount(500))
    #expect(books.close() == RoundBook())
    #expect(books.total.up.payload == ByteCount(500))
  }

  @Test func `the books of a run that goes on begin with its bytes so far`() {
    var books = BrokerBooks(.null)
    var total = TwoWayTraffic.zero
    total.up = Traffic(payload: ByteCount(5), wire: ByteCount(9))
    books.resume(total: total)
    #expect(books.total == total && books.close() == RoundBook())
  }
}
