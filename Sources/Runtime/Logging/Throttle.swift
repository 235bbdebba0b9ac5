/// Lets so many lines of one event pass in a minute, and counts the others.
package struct Throttle: Sendable {
  private var began: Duration
  private var passed = 0
  private var suppressed = 0

  /// A throttle that begins at `now`.
  package init(at now: Duration) { began = now }

  /// Whether another line may pass, and how many did not in the minute before, once that is over.
  package mutating func pass(
    atMost limit: Int, _ now: Duration
  ) -> (isPassed: Bool, missed: Int) {
    var missed = 0
    if now - began >= .seconds(60) {
      missed = suppressed
      (began, passed, suppressed) = (now, 0, 0)
    }
    guard passed < limit else {
      suppressed += 1
      return (false, missed)
    }
    passed += 1
    return (true, missed)
  }
}
