/// A line that would be said again and again while nothing changes.
///
/// It is said when it changes, and again after a minute, then after twice as long each time, up to an hour.
struct RepeatedLine {
  private var text: String?
  private var said: ContinuousClock.Instant?
  private var pause: Duration = .seconds(60)

  /// Whether `line` is to be said at `now`.
  mutating func isNews(_ line: String, at now: ContinuousClock.Instant) -> Bool {
    if line != text {
      (text, said, pause) = (line, now, .seconds(60))
      return true
    }
    guard let said, said.duration(to: now) >= pause else { return false }
    self.said = now
    pause = min(pause * 2, .seconds(3600))
    return true
  }
}
