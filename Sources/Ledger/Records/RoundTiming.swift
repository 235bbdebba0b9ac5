/// When a round was, and where its time went: along the path of the last update that counts.
public struct RoundTiming: Hashable, Sendable {
  /// When the round began, on the run's clock.
  public var opened: Duration
  /// When it ended.
  public var closed: Duration
  /// Where the time between went.
  public var path: CriticalPath

  /// A timing of the given parts.
  public init(opened: Duration, closed: Duration, path: CriticalPath) {
    self.opened = opened
    self.closed = closed
    self.path = path
  }
}
