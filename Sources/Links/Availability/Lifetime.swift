/// When a device belongs to the fleet: late joining and leaving for good.
public struct Lifetime: Hashable, Sendable {
  /// When it joins.
  public var joins: Duration
  /// When it leaves for good, if ever.
  public var leaves: Duration?

  /// From one time to another, by default the whole run.
  public init(joins: Duration = .zero, leaves: Duration? = nil) {
    self.joins = joins
    self.leaves = leaves
  }

  /// Whether it belongs to the fleet at a time.
  public func contains(_ time: Duration) -> Bool {
    time >= joins && leaves.map { time < $0 } ?? true
  }

  /// The first time after `time` at which it joins or leaves.
  public func nextChange(after time: Duration) -> Duration? {
    if joins > time, leaves.map({ joins < $0 }) ?? true { return joins }
    guard let leaves, leaves > time, leaves > joins else { return nil }
    return leaves
  }
}
