import Links
import Measures
import Testing

@Suite struct QueueTests {
  private func limited(_ policy: QueueLimit.Policy) -> LinkBox {
    link(
      LinkProfile(
        rate: .constant(kilobits(800)), queue: QueueLimit(ByteCount(250_000), policy)))
  }

  @Test func `drop-tail loses what finds no place and keeps the rest`() {
    let link = limited(.dropTail)
    #expect(link.carry(100_000, at: .zero) != nil)
    #expect(link.carry(100_000, at: .zero) != nil)
    #expect(link.send(ByteCount(100_000), at: .zero) == .dropped(waiting: ByteCount(200_000)))
    #expect(link.carry(50000, at: .zero) != nil)
    // After one second 100 kB have left.
    #expect(link.carry(100_000, at: .seconds(1))?.departed == .milliseconds(3500))
  }

  @Test func `back-pressure says when there will be place, and then there is`() {
    let link = limited(.backPressure)
    #expect(link.carry(250_000, at: .zero) != nil)
    #expect(link.send(ByteCount(100_000), at: .zero) == .refused(until: .seconds(1)))
    #expect(link.carry(100_000, at: .seconds(1))?.departed == .milliseconds(3500))
  }

  @Test(arguments: QueueLimit.Policy.allCases)
  func `a message larger than the limit passes an empty queue`(policy: QueueLimit.Policy) {
    let link = limited(policy)
    #expect(link.carry(1_000_000, at: .zero)?.departed == .seconds(10))
    #expect(link.carry(1_000_000, at: .seconds(5)) == nil)
    #expect(link.carry(1_000_000, at: .seconds(10))?.departed == .seconds(20))
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `who tries again when told always gets on, and never more than the limit waits`(
    seed: UInt64
  ) {
    let link = LinksTests.link(
      LinkProfile(
        rate: .constant(kilobits(333.3)), burst: ByteCount(7777),
        queue: QueueLimit(ByteCount(65536), .backPressure), loss: .independent(rate: 0.01)),
      seed: seed)
    var random = RandomStream(seed: seed)
    var now = Duration.zero
    for _ in 0..<300 {
      now += .seconds(random.exponential(mean: 0.1))
      let size = ByteCount(Int(random.next() % 65536))
      var tries = 0
      while case .refused(let next) = link.send(size, at: now) {
        #expect(next > now)
        now = next
        tries += 1
        guard tries < 4 else { break }
      }
      #expect(tries < 4)
      // What is sent again comes on top of what was let in.
      #expect(link.waiting(at: now) <= ByteCount(65536 + 20 * TCPSegment.full))
    }
  }
}
