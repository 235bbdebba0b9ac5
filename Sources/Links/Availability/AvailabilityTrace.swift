/// Recorded intervals in which a client can take part, repeated after a period.
public struct AvailabilityTrace: Hashable, Sendable {
  /// Beginnings and ends in turn, in nanoseconds since the period's start, strictly ascending.
  private let edges: [Int64]
  private let length: Int64

  /// The time after which the intervals repeat.
  public var period: Duration { .nanoseconds(length) }

  /// The number of intervals in a period.
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

extension AvailabilityTrace {
  /// The most intervals that are held, over all clients: 160 MB.
  static var mostIntervals: Int { 10_000_000 }

  /// Reads a FedScale behaviour trace as JSON: client → {"active": […], "inactive": […],
  /// "finish_time": …}, all in seconds.
  ///
  /// Interval i goes from active[i] to inactive[i]; all repeat after finish_time. FedScale
  /// publishes a Python pickle; `json.dump(pickle.load(f), g)` makes this of it. Other members are
  /// skipped. Client k of a run takes entry k modulo the count.
  ///
  /// - Parameter text: the file's content.
  /// - Returns: the traces in the file's order, at least one.
  /// - Throws: `TraceError` with the number of the line.
  public static func traces(fedScaleJSON text: String) throws(TraceError) -> [AvailabilityTrace] {
    var json = TraceJSON(text)
    var traces: [AvailabilityTrace] = []
    var budget = mostIntervals
    try json.object { (json, client) throws(TraceError) in
      traces.append(try entry(of: client, &json, budget: &budget))
    }
    try json.end()
    guard !traces.isEmpty else { throw .empty }
    return traces
  }

  private static func entry(
    of client: String, _ json: inout TraceJSON, budget: inout Int
  ) throws(TraceError) -> AvailabilityTrace {
    let line = json.line
    let name = TraceLines.quoted(client)
    var (active, inactive): ([Double], [Double]) = ([], [])
    var finish: Double?
    try json.object { (json, key) throws(TraceError) in
      switch key {
      case "active": active = try times(&json, budget: &budget)
      case "inactive": inactive = try times(&json, budget: &budget)
      case "finish_time": finish = try time(&json)
      default: try json.skip()
      }
    }
    guard let finish, finish > 0 else {
      throw .malformed(
        line: line, found: "client \(name)", expected: "a client with \"finish_time\" above 0")
    }
    // Turns that are shorter than that, no other kind of availability has either.
    guard finish >= 0.001 else {
      throw .malformed(
        line: line, found: "client \(name)",
        expected: "a client with \"finish_time\" of at least 0.001")
    }
    guard active.count == inactive.count else {
      throw .unpaired(line: line, client: name, active: active.count, inactive: inactive.count)
    }
    var intervals: [Range<Duration>] = []
    intervals.reserveCapacity(active.count)
    var previous = 0.0
    for (index, (start, end)) in zip(active, inactive).enumerated() {
      guard previous <= start, start <= end, end <= finish else {
        throw .disorder(line: line, client: name, interval: index)
      }
      intervals.append(.seconds(start) ..< .seconds(end))
      previous = end
    }
    return AvailabilityTrace(intervals, period: .seconds(finish))
  }

  private static func times(
    _ json: inout TraceJSON, budget: inout Int
  ) throws(TraceError) -> [Double] {
    var times: [Double] = []
    try json.array { (json) throws(TraceError) in
      guard times.count < budget else { throw .tooLong(line: json.line, limit: mostIntervals) }
      times.append(try time(&json))
    }
    budget -= times.count
    return times
  }

  private static func time(_ json: inout TraceJSON) throws(TraceError) -> Double {
    let value = try json.number()
    guard (0...1e9).contains(value) else {
      throw .outOfRange(line: json.line, value: "\(value) s", allowed: "0 to 10⁹ s")
    }
    return value
  }
}
