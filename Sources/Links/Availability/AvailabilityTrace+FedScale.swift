extension AvailabilityTrace {
  /// The most intervals that are held, over all clients: 160 MB.
  static var mostIntervals: Int { 10_000_000 }

  /// Reads a FedScale behaviour trace as JSON: client → {"active": […], "inactive": […],
  /// "finish_time": …}, all in seconds.
  ///
  /// Interval i goes from active[i] to inactive[i]; all repeat after finish_time. FedScale publishes a
  /// Python pickle; `json.dump(pickle.load(f), g)` makes this of it. Other members are skipped.
  /// Client k of a run takes entry k modulo the count.
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
