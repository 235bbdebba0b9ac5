/// An incarnation of a run's broker: its first start, or one after which it went on.
public struct Epoch: Hashable, Sendable {
  /// Counted from 1.
  public var number: Int
  /// The round that it began with.
  public var round: Int
  /// The run's clock when it began.
  public var elapsed: Duration
  /// When it began, on the wall's clock and in ISO 8601; nil where that isn't told.
  public var start: String?

  /// An incarnation of the given facts.
  public init(number: Int, round: Int, elapsed: Duration, start: String? = nil) {
    self.number = number
    self.round = round
    self.elapsed = elapsed
    self.start = start
  }
}
