import Measures
import Progressive
import Testing

/// When a round is over.
struct RoundEndingTests {
  private static let times = [1, 2, 30].map { Duration.seconds($0) }

  @Test(arguments: [(nil, 9), (2, 5), (3, 9), (4, 9)] as [(Int?, Int)])
  func `a round lasts until its quorum and the grace, or all`(quorum: Int?, seconds: Int) {
    let ending = RoundEnding(quorum: quorum, grace: .seconds(3), deadline: .seconds(9))
    #expect(ending.length(Self.times) == .seconds(seconds))
  }

  @Test(
    arguments: [
      (0, 4000), (0.5, 6000), (1, 8000), (2.5, 14_000), (10, 20_000),
    ] as [(Share, Int)])
  func `a share of the quorum's time is as much longer as the quorum took`(
    share: Share, milliseconds: Int
  ) {
    let ending = RoundEnding(quorum: 2, grace: .share(share), deadline: .seconds(20))
    let times = [2, 4, 30].map { Duration.seconds($0) }
    #expect(ending.length(times) == .milliseconds(milliseconds))
  }

  @Test func `a time is the same after whatever quorum`() {
    for quorum in [Duration.zero, .seconds(1), .seconds(86_400)] {
      #expect(Grace.time(.seconds(7)).time(after: quorum) == .seconds(7))
    }
  }

  @Test func `where the time of the quorum isn't known the others have five seconds`() {
    #expect(Grace.share(0.5).time(after: .zero) == .seconds(5))
    #expect(Grace.share(0.5).time(after: .nanoseconds(2)) == .nanoseconds(1))
  }

  @Test(
    arguments: [
      // Of 4 clients 2 or 3 are waited for, and the least share of the least number.
      (2, 0.4, [8, 30], 9), (2, 0, [8, 30], 3), (2, 1, [8, 30], 9), (3, 0.25, [8, 30], 9),
      (3, 0.5, [8, 30], 9), (3, 1, [8, 30], 30), (2, 1, [2, 9], 3), (2, 1, [], 3),
    ] as [(Int, Share, [Int], Int)])
  func `a quorum holds its share of those that are to train the whole stage`(
    quorum: Int, least: Share, whole: [Int], seconds: Int
  ) {
    let ending = RoundEnding(quorum: quorum, grace: .seconds(1), deadline: .seconds(60))
    let times = ([1, 2] + whole + [20, 20]).prefix(4).sorted().map { Duration.seconds($0) }
    let wholeTimes = whole.map { Duration.seconds($0) }
    #expect(ending.length(times, whole: wholeTimes, least: least) == .seconds(seconds))
    // A round that ends with so many updates at once asks nobody what they are of.
    let target = RoundEnding(
      quorum: quorum, grace: .zero, deadline: .seconds(60), awaitsWhole: false)
    #expect(target.length(times, whole: wholeTimes, least: least) == times[quorum - 1])
  }

  @Test func `never more of the whole stage are waited for than train it`() {
    for asked in 1...12 {
      for (quorum, whole) in (1...asked).flatMap({ quorum in (0...asked).map { (quorum, $0) } }) {
        for least in [0, 0.1, 0.4, 1] as [Share] {
          let needed = RoundEnding.wholeQuorum(quorum, of: asked, whole: whole, least: least)
          #expect((0...whole).contains(needed) && needed <= quorum)
          #expect(needed > 0 || whole == 0 || least == 0)
        }
      }
    }
  }
}
