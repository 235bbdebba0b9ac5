package import Federation
package import Ledger

/// A round that is over, with everything about it that is booked.
package struct ClosedRound {
  /// The clients' outcomes.
  package var result: RoundResult
  /// The traffic of the round, by client, kind and direction.
  package var book: RoundBook
  /// All bytes of the run so far, client view.
  package var total: TwoWayTraffic
  /// The run's clock at the round's end.
  package var elapsed: Duration
  /// The division of the round's time; nil on a real clock, and where no update counted.
  package var timing: RoundTiming?

  /// A round that ended with this result.
  ///
  /// - Parameters:
  ///   - result: The clients' outcomes.
  ///   - book: The traffic of the round.
  ///   - total: All bytes of the run so far, client view.
  ///   - elapsed: The run's clock at the round's end.
  ///   - timing: The division of the round's time, where it is known.
  package init(
    result: RoundResult, book: RoundBook, total: TwoWayTraffic, elapsed: Duration,
    timing: RoundTiming? = nil
  ) {
    self.result = result
    self.book = book
    self.total = total
    self.elapsed = elapsed
    self.timing = timing
  }
}
