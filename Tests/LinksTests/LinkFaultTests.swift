import Links
import Measures
import Testing

@Suite struct LinkFaultTests {
  private let profile = LinkProfile(rate: .constant(kilobits(800)), delay: .milliseconds(100))

  @Test(arguments: Disconnect.allCases)
  func `a cut loses what is on its way unless it is clean`(disconnect: Disconnect) throws {
    let link = LinksTests.link(profile)
    let transit = try #require(link.carry(100_000, at: .zero))
    link.cut(disconnect, at: .milliseconds(500))
    #expect(link.confirm(transit) == (disconnect == .clean ? .arrived : .lost))
  }

  @Test(arguments: Disconnect.allCases)
  func `the sender learns of a FIN or RST after the delay, of a black hole never`(
    disconnect: Disconnect
  ) {
    let link = LinksTests.link(profile)
    link.cut(disconnect, at: .seconds(1))
    #expect(link.send(ByteCount(10), at: .milliseconds(1050)) == .vanished)
    let later = link.send(ByteCount(10), at: .seconds(100))
    #expect(later == (disconnect.isNoticed ? .disconnected : .vanished))
  }

  @Test(arguments: Disconnect.allCases)
  func `a new connection needs a way, which only rebinding leaves open`(disconnect: Disconnect) {
    let link = LinksTests.link(profile)
    link.cut(disconnect, at: .seconds(1))
    #expect(link.reconnect(at: .seconds(2)) == (disconnect == .rebind))
    link.restore()
    #expect(link.reconnect(at: .seconds(3)))
    #expect(link.carry(100_000, at: .seconds(3))?.arrival == .milliseconds(4100))
  }

  @Test func `a reset empties the queue`() throws {
    let link = LinksTests.link(profile)
    for _ in 0..<10 { _ = link.carry(100_000, at: .zero) }
    link.cut(.reset, at: .seconds(1))
    link.restore()
    #expect(link.reconnect(at: .seconds(1)))
    let transit = try #require(link.carry(100_000, at: .seconds(1)))
    #expect(transit.departed == .seconds(2))
    #expect(link.confirm(transit) == .arrived)
  }

  @Test func `a stall shifts everything by its length and loses nothing`() throws {
    let link = LinksTests.link(profile)
    let transits = try (0..<5).map { _ in try #require(link.carry(100_000, at: .zero)) }
    #expect(link.confirm(transits[0]) == .arrived)
    link.stall(at: .milliseconds(1500), until: .milliseconds(11500))
    for transit in transits.dropFirst() {
      guard case .later(let later) = link.confirm(transit) else {
        Issue.record("message \(transit.index) isn't late")
        continue
      }
      #expect(later.arrival == transit.arrival + .seconds(10))
      #expect(link.confirm(later) == .arrived)
    }
    let next = try #require(link.carry(100_000, at: .seconds(2)))
    #expect(next.arrival == .milliseconds(16100))
  }

  @Test func `stalls that overlap count their common time once`() throws {
    let link = LinksTests.link(profile)
    let transit = try #require(link.carry(100_000, at: .zero))
    link.stall(at: .milliseconds(500), until: .seconds(2))
    link.stall(at: .seconds(1), until: .seconds(3))
    link.stall(at: .seconds(1), until: .seconds(2))
    guard case .later(let later) = link.confirm(transit) else {
      Issue.record("it isn't late")
      return
    }
    #expect(later.arrival == .milliseconds(3600))
  }

  @Test func `half the rate takes twice the time, also for what waits from then on`() throws {
    let link = LinksTests.link(profile)
    _ = link.carry(200_000, at: .zero)
    link.scaleRate(by: 0.5, at: .seconds(1))
    // 100 kB of the first wait still, and 50 kB a second leave.
    let transit = try #require(link.carry(100_000, at: .seconds(1)))
    #expect(transit.departed == .seconds(5))
    link.scaleRate(by: 1, at: .seconds(5))
    #expect(link.carry(100_000, at: .seconds(5))?.departed == .seconds(6))
  }

  @Test func `both directions of a client's link fail together and have chances of their own`() {
    let profile = DuplexProfile(
      down: kilobits(800), up: kilobits(80), roundTrip: .milliseconds(100),
      jitter: .milliseconds(40))
    let model = DuplexModel(profile)
    let run = RandomStream(seed: 3)
    var link = DuplexLink(model, client: 4, run: run)
    #expect(link[.down].model.profile.roundTrip == .milliseconds(100))
    let down = link[.down].send(.zero, at: .zero)
    let up = link[.up].send(.zero, at: .zero)
    #expect(down.transit?.arrival != up.transit?.arrival)
    var same = DuplexLink(model, client: 4, run: run)
    let again = same.down.send(.zero, at: .zero)
    #expect(again == down)
    link.cut(.reset, at: .zero)
    #expect(!link.isConnected)
    let early = link.reconnect(at: .seconds(1))
    #expect(!early)
    link.restore()
    let late = link.reconnect(at: .seconds(1))
    #expect(late && link.isConnected)
  }

  @Test func `a hundred thousand links need little memory each, whatever passed`() {
    #expect(MemoryLayout<Link>.stride <= 160)
    let model = DuplexModel(
      DuplexProfile(
        down: kilobits(9000), up: kilobits(9000), roundTrip: .milliseconds(85),
        loss: .independent(rate: 0.002)))
    let run = RandomStream(seed: 1)
    var links = (0..<100_000).map { DuplexLink(model, client: $0, run: run) }
    var carried = 0
    for index in links.indices
    where links[index].down.send(ByteCount(262_144), at: .seconds(1)).transit != nil {
      carried += 1
    }
    #expect(carried == 100_000)
    #expect(links.allSatisfy { $0.down.model === model.down })
  }
}
