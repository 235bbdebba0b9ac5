import Links
import Measures
import Testing

@Suite struct LinkTimingTests {
  @Test(arguments: [200.0, 1600, 150_000], [1, 1448, 262_144, 60_000_000])
  func `an idle link takes size over rate plus delay`(rate: Double, bytes: Int) throws {
    let delay = Duration.milliseconds(75)
    let link = LinksTests.link(LinkProfile(rate: .constant(kilobits(rate)), delay: delay))
    let start = Duration.seconds(3)
    let transit = try #require(link.carry(bytes, at: start))
    let service = Duration.seconds(Double(bytes) * 8 / (rate * 1000))
    #expect(transit.departed.isWithin(1e-6, of: start + service))
    #expect(transit.arrival == transit.departed + delay)
    #expect(transit.started == start)
  }

  @Test(arguments: 1...20)
  func `messages wait for those before them`(count: Int) throws {
    let link = LinksTests.link(
      LinkProfile(rate: .constant(kilobits(800)), delay: .milliseconds(10)))
    for index in 1...count {
      let transit = try #require(link.carry(100_000, at: .zero))
      #expect(transit.departed.isWithin(1e-9, of: .seconds(index)))
    }
    #expect(link.waiting(at: .zero) == ByteCount(100_000 * count))
    #expect(link.waiting(at: .milliseconds(500)) == ByteCount(100_000 * count - 50000))
    #expect(link.waiting(at: .seconds(count)) == .zero)
  }

  @Test func `after a pause the link is idle again`() throws {
    let link = LinksTests.link(LinkProfile(rate: .constant(kilobits(800))))
    _ = link.carry(100_000, at: .zero)
    let transit = try #require(link.carry(100_000, at: .seconds(1000)))
    #expect(transit.departed == .seconds(1001))
  }

  @Test func `a full token bucket lets its depth through at once and the rest at the rate`() throws
  {
    let profile = LinkProfile(rate: .constant(kilobits(800)), burst: ByteCount(50000))
    let link = LinksTests.link(profile)
    let first = try #require(link.carry(50000, at: .seconds(5)))
    #expect(first.departed == .seconds(5))
    let second = try #require(link.carry(100_000, at: .seconds(5)))
    #expect(second.departed.isWithin(1e-9, of: .seconds(6)))
    // Half a second later, after 6 s, the bucket is half full of what the rate gives: 50 kB.
    let third = try #require(link.carry(75000, at: .milliseconds(6250)))
    #expect(third.departed.isWithin(1e-9, of: .milliseconds(6750)))
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `no interval sees more than burst plus rate times length`(seed: UInt64) {
    let burst = 20000
    let link = LinksTests.link(LinkProfile(rate: .constant(kilobits(400)), burst: ByteCount(burst)))
    var random = RandomStream(seed: seed)
    var departures: [(time: Double, bytes: Int)] = []
    var now = 0.0
    for _ in 0..<200 {
      now += random.exponential(mean: 0.2)
      let bytes = 1 + Int(random.next() % 15000)
      if let transit = link.carry(bytes, at: .seconds(now)) {
        departures.append((transit.departed.seconds, bytes))
      }
    }
    #expect(departures.count == 200)
    for first in departures.indices {
      var sum = 0
      for last in first..<departures.count {
        sum += departures[last].bytes
        let length = departures[last].time - departures[first].time
        #expect(Double(sum) <= Double(burst + departures[first].bytes) + 50000 * length + 1)
      }
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func `jitter stays in its bounds and never reorders`(seed: UInt64) throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(100_000)), delay: .milliseconds(50), jitter: .milliseconds(20))
    let link = LinksTests.link(profile, seed: seed)
    var last = Duration.zero
    var sum = 0.0
    for index in 0..<2000 {
      // Every 100 ms: further apart than jitter, so that order changes nothing.
      let transit = try #require(link.carry(1000, at: .milliseconds(100 * index)))
      let delay = transit.arrival - transit.departed
      #expect((.milliseconds(30) ... .milliseconds(70)).contains(delay))
      sum += delay.seconds
    }
    #expect((sum / 2000 - 0.05).magnitude < 0.001)
    for index in 0..<2000 {
      let transit = try #require(link.carry(10, at: .seconds(300) + .microseconds(10 * index)))
      #expect(transit.arrival >= last)
      #expect(transit.arrival <= transit.departed + .milliseconds(70))
      last = transit.arrival
    }
  }

  @Test func `a delay that jitter exceeds doesn't become negative`() throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(1000)), delay: .milliseconds(1), jitter: .milliseconds(100))
    let link = LinksTests.link(profile)
    for index in 0..<200 {
      let transit = try #require(link.carry(1, at: .seconds(index)))
      #expect(transit.arrival >= transit.departed)
    }
  }

  @Test func `segment headers take from the rate where the profile says so`() throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(8)), segmentOverhead: ByteCount(TCPSegment.overhead))
    let link = LinksTests.link(profile)
    let transit = try #require(link.carry(1448 * 10, at: .zero))
    #expect(transit.departed.isWithin(1e-9, of: .milliseconds(15140)))
    #expect(transit.linkBytes == ByteCount(15140))
  }

  @Test func `a chain of links takes as long as its slowest`() throws {
    let fast = link(LinkProfile(rate: .constant(kilobits(8000)), delay: .milliseconds(5)))
    let slow = link(LinkProfile(rate: .constant(kilobits(800)), delay: .milliseconds(20)))
    let last = link(LinkProfile(rate: .constant(kilobits(4000)), delay: .milliseconds(1)))
    let size = ByteCount(1_000_000)
    let a = try #require(fast.send(size, at: .zero).transit)
    #expect(a.firstArrival == .milliseconds(5))
    let b = try #require(slow.forward(a).transit)
    #expect(b.firstArrival == .milliseconds(25))
    #expect(b.arrival.isWithin(1e-9, of: .milliseconds(10025)))
    let c = try #require(last.forward(b).transit)
    #expect(c.arrival.isWithin(1e-9, of: .milliseconds(10026)))
    // The fast last link has 8 s of its capacity left for others meanwhile.
    let other = try #require(last.carry(3_000_000, at: .seconds(4)))
    #expect(other.departed.isWithin(1e-9, of: .seconds(10)))
  }

  @Test(arguments: [2, 10, 100])
  func `chunks of many members share a link fairly to within a chunk each`(members: Int) throws {
    let bottleneck = link(LinkProfile(rate: .constant(kilobits(8000))))
    var ends = Array(repeating: Duration.zero, count: members)
    for _ in 0..<20 {
      for member in 0..<members {
        ends[member] = try #require(bottleneck.carry(262_144, at: .zero)).arrival
      }
    }
    let total = Duration.seconds(Double(members * 20 * 262_144) / 1e6)
    let round = Duration.seconds(Double(members * 262_144) / 1e6)
    #expect(ends.max()?.isWithin(1e-9, of: total) == true)
    #expect(ends.allSatisfy { $0 > total - round })
  }

  @Test func `an empty message takes the delay and one segment`() throws {
    let link = LinksTests.link(LinkProfile(rate: .constant(kilobits(8)), delay: .milliseconds(7)))
    let transit = try #require(link.carry(0, at: .zero))
    #expect(transit.arrival == .milliseconds(7))
    #expect(transit.linkBytes == ByteCount(66))
  }

  @Test func `a time that goes back counts as the latest seen`() throws {
    let link = LinksTests.link(LinkProfile(rate: .constant(kilobits(8000))))
    _ = link.carry(1000, at: .seconds(10))
    let transit = try #require(link.carry(1000, at: .zero))
    #expect(transit.departed == .milliseconds(10002))
  }

  @Test func `times beyond any run are cut instead of overflowing`() throws {
    let link = LinksTests.link(
      LinkProfile(rate: .constant(Bandwidth(bitsPerSecond: 1)), delay: .seconds(1)))
    for _ in 0..<3 {
      let transit = try #require(link.carry(1 << 50, at: .seconds(1_000_000)))
      #expect(transit.arrival > .seconds(1_000_000_000))
    }
  }
}
