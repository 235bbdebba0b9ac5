import Foundation
import Links
import Measures
import Testing

@Suite struct LossTests {
  /// Which of `count` segments were lost the first time, sent one a message.
  private func losses(_ chain: GilbertElliott, count: Int, seed: UInt64) -> [Bool] {
    let link = LinksTests.link(
      LinkProfile(rate: .constant(kilobits(1e9)), loss: chain, congestion: .unlimited), seed: seed)
    return (0..<count).compactMap { _ in
      link.carry(1000, at: .zero).map { $0.retransmitted > 0 }
    }
  }

  @Test(
    arguments: [
      GilbertElliott.independent(rate: 0.01), .independent(rate: 0.2),
      .bursts(rate: 0.02, meanLength: 3), .bursts(rate: 0.1, meanLength: 2),
      GilbertElliott(enterBad: 0.02, leaveBad: 0.25, lossInBad: 0.5, lossInGood: 0.001),
    ], [1, 2, 3] as [UInt64])
  func `the long-run loss and the mean burst follow the chain`(chain: GilbertElliott, seed: UInt64)
  {
    let losses = losses(chain, count: 400_000, seed: seed)
    let rate = Double(losses.count { $0 }) / Double(losses.count)
    #expect((rate / chain.lossRate - 1).magnitude < 0.06, "\(rate) for \(chain.lossRate)")
    // Bursts of the pure chains: all is lost in the bad state, or losses are independent.
    let bursts = zip([false] + losses, losses).count { !$0 && $1 }
    let mean = Double(losses.count { $0 }) / Double(bursts)
    if chain.lossInBad == 1 {
      #expect((mean / chain.meanBadLength - 1).magnitude < 0.06, "\(mean)")
    } else if chain.enterBad == 0 {
      #expect((mean * (1 - chain.lossInGood) - 1).magnitude < 0.03, "\(mean)")
    }
  }

  @Test(
    arguments: [
      GilbertElliott.independent(rate: 0.05), .bursts(rate: 0.05, meanLength: 4),
      GilbertElliott(enterBad: 0.02, leaveBad: 0.25, lossInBad: 0.5),
      GilbertElliott(enterBad: 0.05, leaveBad: 0.6, lossInBad: 0.3),
    ])
  func `the event rate counts the bad states that lose something`(chain: GilbertElliott) {
    var random = RandomStream(seed: 5)
    var (isBad, hasLost, events) = (false, false, 0)
    for _ in 0..<1_000_000 {
      let wasBad = isBad
      if random.uniform() < (isBad ? chain.leaveBad : chain.enterBad) { isBad.toggle() }
      if isBad, !wasBad { hasLost = false }
      guard random.uniform() < (isBad ? chain.lossInBad : chain.lossInGood) else { continue }
      if !isBad || !hasLost { events += 1 }
      hasLost = isBad
    }
    #expect((Double(events) / 1e6 / chain.eventRate - 1).magnitude < 0.03)
  }

  @Test(arguments: [1, 2, 7, 182], 1...5 as ClosedRange<UInt64>)
  func `which segments are lost first doesn't depend on how messages are cut`(
    segments: Int, seed: UInt64
  ) {
    let chain = GilbertElliott.bursts(rate: 0.05, meanLength: 3)
    let losses = losses(chain, count: 182 * 7 * 2, seed: seed)
    let link = LinksTests.link(
      LinkProfile(rate: .constant(kilobits(1000)), loss: chain, congestion: .unlimited), seed: seed)
    for first in stride(from: 0, to: losses.count, by: segments) {
      let transit = link.carry(1448 * segments, at: .zero)
      let expected = losses[first..<first + segments].contains(true)
      #expect((transit.map { $0.retransmitted > 0 }) == expected)
    }
  }

  @Test(arguments: [0.001, 0.01, 0.05, 0.3])
  func `a long transfer costs a full segment for each one lost`(rate: Double) throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(8000)), loss: .independent(rate: rate), congestion: .unlimited)
    let link = LinksTests.link(profile)
    let segments = 100_000
    let transit = try #require(link.carry(1448 * segments, at: .zero))
    let expected = Double(segments) * rate / (1 - rate)
    #expect((Double(transit.retransmitted) / expected - 1).magnitude < 4 / expected.squareRoot())
    let bytes = 1448 * segments + 1514 * transit.retransmitted
    #expect(transit.departed.isWithin(1e-9, of: .seconds(Double(bytes) / 1e6)))
    #expect(transit.linkBytes == ByteCount(1514 * (segments + transit.retransmitted)))
  }

  @Test(arguments: [0.0001, 0.001, 0.01], [35, 150, 600])
  func `throughput under loss follows Mathis et al.`(rate: Double, roundTrip: Int) throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(1_000_000)), loss: .independent(rate: rate),
      roundTrip: .milliseconds(roundTrip))
    let link = LinksTests.link(profile)
    let transit = try #require(link.carry(1448 * 50000, at: .zero))
    let cap = 1.22 * 1448 / (Double(roundTrip) / 1000 * rate.squareRoot())
    let bytes = 1448 * 50000 + 1514 * transit.retransmitted
    #expect(transit.departed.isWithin(1e-6, of: .seconds(Double(bytes) / cap)))
    #expect((profile.sustainedRate.bitsPerSecond / (8 * cap) - 1).magnitude < 1e-9)
  }

  @Test func `a lost segment in the middle holds the message for a round trip`() throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(1e9)), delay: .milliseconds(50), loss: .independent(rate: 0.001),
      congestion: .unlimited)
    let link = LinksTests.link(profile)
    var (middle, tail) = (0, 0)
    for index in 0..<3000 {
      let time = Duration.seconds(10 * index)
      let transit = try #require(link.carry(1448 * 100, at: time))
      guard transit.retransmitted == 1 else { continue }
      let wait = (transit.arrival - time).seconds - 0.05
      if wait < 0.2 {
        middle += 1
        #expect((wait - 0.1).magnitude < 0.001)
      } else {
        tail += 1
        #expect((wait - 0.3).magnitude < 0.001)
      }
    }
    #expect(middle > 200)
    #expect((1..<30).contains(tail))
  }

  @Test func `a lost last segment holds the message for a timeout, doubled when lost again`() throws
  {
    // Half of the messages lose their only segment.
    let profile = LinkProfile(
      rate: .constant(kilobits(1e9)), delay: .milliseconds(50), loss: .independent(rate: 0.5),
      congestion: .unlimited)
    let link = LinksTests.link(profile)
    var seen: Set<Int> = []
    for index in 0..<200 {
      let time = Duration.seconds(1000 * index)
      let transit = try #require(link.carry(100, at: time))
      let generations = transit.retransmitted
      seen.insert(generations)
      // 300 + 600 + 1200 + … ms, none longer than two minutes.
      let wait = (0..<generations).reduce(0) { $0 + min(120, 0.3 * pow(2, Double($1))) }
      let expected = Duration.seconds(wait + 0.05)
      #expect((transit.arrival - time).isWithin(0.001, of: expected), "\(generations)")
    }
    #expect(seen.isSuperset(of: [0, 1, 2, 3]))
  }

  @Test func `a repair doesn't block the link for what is behind`() throws {
    let profile = LinkProfile(
      rate: .constant(kilobits(8000)), delay: .milliseconds(500), loss: .independent(rate: 0.1),
      congestion: .unlimited)
    let link = LinksTests.link(profile)
    var bytes = 0
    for _ in 0..<100 {
      let transit = try #require(link.carry(14480, at: .zero))
      bytes += 14480 + 1514 * transit.retransmitted
      #expect(transit.departed.isWithin(1e-6, of: .seconds(Double(bytes) / 1e6)))
    }
  }

  @Test func `a link that loses everything resets the connection`() {
    let chain = GilbertElliott(enterBad: 1, leaveBad: 0)
    let link = LinksTests.link(LinkProfile(rate: .constant(kilobits(8000)), loss: chain))
    #expect(link.send(ByteCount(100), at: .zero) == .vanished)
    #expect(!link.isConnected)
    #expect(link.send(ByteCount(100), at: .seconds(5)) == .vanished)
    // 200 ms doubled fourteen times, at most two minutes each: Linux gives up after about 15
    // minutes.
    #expect(link.send(ByteCount(100), at: .seconds(1200)) == .disconnected)
  }

  @Test func `the same seed gives the same times, another one doesn't`() {
    let profile = LinkProfile(
      rate: .constant(kilobits(8000)), delay: .milliseconds(10), jitter: .milliseconds(5),
      loss: .bursts(rate: 0.05, meanLength: 2))
    func arrivals(_ seed: UInt64) -> [Duration?] {
      let link = LinksTests.link(profile, seed: seed)
      return (0..<100).map { link.carry(20000, at: .milliseconds(10 * $0))?.arrival }
    }
    #expect(arrivals(7) == arrivals(7))
    #expect(arrivals(7) != arrivals(8))
  }
}
