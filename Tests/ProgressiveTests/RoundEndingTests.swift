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
}
