/// When a fault happens.
public enum FaultTrigger: Hashable, Sendable {
  /// Once, at a time since the run's start.
  case at(Duration)
  /// Once, when a round (from 0) begins.
  case round(Int)
  /// Again and again at equal distances, the first time at the first time.
  case every(Duration, from: Duration)
  /// At random, as a Poisson process with this mean distance, from a time on and up to another.
  case random(meanInterval: Duration, from: Duration, until: Duration?)
}
