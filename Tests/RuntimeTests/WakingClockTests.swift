import Measures
import Runtime
import Testing

/// The clock of processes that may be stopped.
struct WakingClockTests {
  @Test func `what a wait takes beyond its limit and some patience isn't counted`() {
    var clock = WakingClock()
    clock.note(.seconds(1), limit: .seconds(1))
    clock.note(.seconds(3), limit: .seconds(1))
    #expect(clock.still == .zero)
    clock.note(.seconds(3601), limit: .seconds(1))
    #expect(clock.still == .seconds(3600))
    clock.note(.seconds(11), limit: .seconds(1))
    #expect(clock.still == .seconds(3610) && clock.now < .seconds(-3000))
  }

  @Test func `a wait gives back what it waited for`() {
    var clock = WakingClock()
    let limit = clock.wait(atMost: .zero) { $0 }
    #expect(limit == .zero)
    let before = clock.now
    #expect(clock.now >= before && clock.still == .zero)
  }
}
