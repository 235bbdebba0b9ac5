import Ledger
import Measures
import Testing

@Suite struct RoundBookTests {
  /// A booking at random: what the book must be able to tell apart.
  private struct Booking {
    let view: View
    let client: Int?
    let direction: Direction
    let kind: TrafficKind
    let payload: ByteCount
    let wire: ByteCount
    let standing: DeliveryStatus

    init(using stream: inout RandomStream) {
      view = View.allCases.randomElement(using: &stream) ?? .client
      client = Bool.random(using: &stream) ? Int.random(in: 0..<5, using: &stream) : nil
      direction = Direction.allCases.randomElement(using: &stream) ?? .up
      kind = TrafficKind.allCases.randomElement(using: &stream) ?? .control
      payload = ByteCount(Int.random(in: 0...1000, using: &stream))
      wire = payload + ByteCount(Int.random(in: 1...100, using: &stream))
      standing = [.offered, .delivered, .both].randomElement(using: &stream) ?? .both
    }

    func enter(in book: inout RoundBook) {
      book.book(view, client: client, direction, kind, payload: payload, wire: wire, as: standing)
    }
  }

  @Test(arguments: 0..<10)
  func `totals are what adding up the bookings by hand gives`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    let bookings = (0..<200).map { _ in Booking(using: &stream) }
    var book = RoundBook()
    for booking in bookings { booking.enter(in: &book) }
    for view in View.allCases {
      for direction in Direction.allCases {
        for standing in [DeliveryStatus.offered, .delivered] {
          let fitting = bookings.filter {
            $0.view == view && $0.direction == direction && $0.standing.contains(standing)
          }
          func sum(_ bookings: [Booking]) -> Traffic {
            bookings.map { Traffic(payload: $0.payload, wire: $0.wire) }.reduce(.zero, +)
          }
          #expect(book.total(view, direction, standing) == sum(fitting))
          #expect(
            book.total(view, direction, standing, client: 3)
              == sum(fitting.filter { $0.client == 3 }))
          #expect(
            book.total(view, direction, standing, kinds: [.delta, .update])
              == sum(fitting.filter { [.delta, .update].contains($0.kind) }))
        }
      }
    }
  }

  @Test func `negative bytes are a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var book = RoundBook()
      book.book(.client, client: 0, .up, .update, wire: ByteCount(-1))
    }
  }

  @Test func `outcomes are counted when a record is made`() {
    let record = RoundRecord.example
    #expect(record.selected == 5)
    #expect(
      [record.accepted, record.late, record.refused, record.lost] == [1, 1, 1, 2])
  }

  @Test(arguments: [(0, 0), (1, 11), (1024, 1034), (1025, 1045), (2048, 2068), (4000, 4040)])
  func `each chunk adds its overhead`(payload: Int, wire: Int) {
    let framing = ChunkFraming(size: ByteCount(1024), overhead: ByteCount(10))
    #expect(framing.wire(of: ByteCount(payload)) == ByteCount(wire))
  }
}
