import Measures
import Runtime
import Testing

/// The clock of processes that may be stopped.
struct WakingClockTests {
  /// A time that passes as a test says.
  private final class Time {
    var now = Duration.zero
  }

  private let time = Time()

  /// A clock by `time`.
  private func clock() -> WakingClock { WakingClock { [time] in time.now } }

  @Test func `what a wait takes beyond its limit and some patience isn't counted`() {
    var clock = clock()
    for taken in [1, 3] {
      clock.wait(atMost: .seconds(1)) { _ in time.now += .seconds(taken) }
    }
    #expect(clock.still == .zero && clock.read() == .seconds(4))
    clock.wait(atMost: .seconds(1)) { _ in time.now += .seconds(3601) }
    #expect(clock.still == .seconds(3600) && clock.read() == .seconds(5))
    clock.wait(atMost: .seconds(1)) { _ in time.now += .seconds(11) }
    #expect(clock.still == .seconds(3610) && clock.read() == .seconds(6))
  }

  /// A busy process is hardly ever waiting when it is stopped.
  @Test func `nor is what passes while the loop works, beyond the patience`() {
    var clock = clock()
    for _ in 0..<10 {
      time.now += .seconds(1)
      _ = clock.read()
    }
    #expect(clock.still == .zero && clock.read() == .seconds(10))
    time.now += .seconds(3600)
    #expect(clock.read() == .seconds(12) && clock.still == .seconds(3598))
    #expect(clock.read() == .seconds(12))
    // Also just before a wait, and in both.
    time.now += .seconds(14)
    clock.wait(atMost: .seconds(1)) { _ in time.now += .seconds(14) }
    #expect(clock.read() == .seconds(15))
  }

  @Test func `a wait gives back what it waited for`() throws {
    struct Fault: Error {}
    var clock = clock()
    #expect(clock.wait(atMost: .zero) { $0 } == .zero)
    #expect(throws: Fault.self) {
      try clock.wait(atMost: .zero) { _ throws(Fault) in throw Fault() }
    }
    #expect(clock.read() == .zero && clock.still == .zero)
  }

  @Test func `the clock of a process that runs is the system's`() {
    var clock = WakingClock()
    let before = clock.read()
    #expect(before >= .zero && before < .seconds(60) && clock.read() >= before)
  }
}
