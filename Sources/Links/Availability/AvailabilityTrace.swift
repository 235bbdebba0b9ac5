/// Recorded intervals in which a client can take part, repeated after a period.
public struct AvailabilityTrace: Hashable, Sendable {
  /// Beginnings and ends in turn, in nanoseconds since the period's start, strictly ascending.
  private let edges: [Int64]
  private let length: Int64

  /// The time after which the intervals repeat.
  public var period: Duration { .nanoseconds(length) }

  /// How many intervals a period has.
  public var count: Int { edges.count / 2 }

  /// Intervals in ascending order within the period, each with its beginning and without its end.
  ///
  /// Empty ones are left out, as are those within a nanosecond, and those that touch are joined.
  public init(_ intervals: [Range<Duration>], period: Duration) {
    precondition(period >= .nanoseconds(1), "a period of \(period)")
    var edges: [Int64] = []
    let limit = VirtualTime(period).nanoseconds
    for interval in intervals {
      let start = VirtualTime(interval.lowerBound).nanoseconds
      let end = VirtualTime(interval.upperBound).nanoseconds
      guard start < end else { continue }
      precondition(start >= edges.last ?? 0 && end <= limit, "\(interval) in \(period)")
      guard start != edges.last else {
        edges[edges.count - 1] = end
        continue
      }
      edges += [start, end]
    }
    self.edges = edges
    length = limit
  }

  func isOn(at time: VirtualTime) -> Bool {
    let rest = max(0, time.nanoseconds) % length
    // Behind an odd number of edges lies an interval.
    return edges.partitioningIndex { $0 > rest } % 2 == 1
  }

  /// The first time after `time` at which the state changes; nil if it never does.
  func nextChange(after time: VirtualTime) -> VirtualTime? {
    let start = max(0, time.nanoseconds)
    let rest = start % length
    let first = edges.partitioningIndex { $0 > rest }
    let state = isOn(at: time)
    for step in 0...edges.count {
      guard edges.count > 0 else { return nil }
      let index = first + step
      let edge = edges[index % edges.count] + Int64(index / edges.count) * length
      let change = VirtualTime(nanoseconds: start - rest + edge)
      if isOn(at: change) != state { return change }
    }
    return nil
  }
}
