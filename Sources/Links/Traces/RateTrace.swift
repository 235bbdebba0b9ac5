public import Measures

/// A rate that changes over time and repeats.
///
/// Either a piecewise constant rate, or delivery opportunities: moments at which some bytes may
/// leave, and none between. Sixteen bytes of memory per change or moment.
public struct RateTrace: Hashable, Sendable {
  /// The times at which the capacity changes its course, in seconds since the period's start,
  /// ascending.
  let times: [Double]
  /// The bytes of capacity from the period's start to each time.
  let capacities: [Double]
  /// True if the capacity jumps at the times instead of growing evenly towards them.
  let isStepwise: Bool

  /// The time after which it repeats.
  public var period: Duration { VirtualTime(seconds: lastTime).duration }

  /// The rate averaged over a period.
  public var mean: Bandwidth { Bandwidth(bitsPerSecond: 8 * total / lastTime) }

  /// The number of changes or moments in a period.
  public var count: Int { times.count }

  private var lastTime: Double { times.last ?? 1 }
  private var total: Double { capacities.last ?? 0 }

  init(times: [Double], capacities: [Double], isStepwise: Bool) {
    precondition(times.count == capacities.count, "\(times.count) ≠ \(capacities.count)")
    precondition((times.last ?? 0) > 0 && (capacities.last ?? 0) > 0, "a trace without capacity")
    self.times = times
    self.capacities = capacities
    self.isStepwise = isStepwise
  }

  /// Rates, each of which holds for a duration; at least one of both must be more than zero.
  public init(_ pieces: [(rate: Bandwidth, duration: Duration)]) {
    var (time, capacity) = (0.0, 0.0)
    var (times, capacities): ([Double], [Double]) = ([], [])
    for piece in pieces where piece.duration > .zero {
      precondition(piece.rate.bitsPerSecond >= 0, "a rate of \(piece.rate.bitsPerSecond) bit/s")
      time += piece.duration.seconds
      capacity += piece.rate.bitsPerSecond / 8 * piece.duration.seconds
      times.append(time)
      capacities.append(capacity)
    }
    self.init(times: times, capacities: capacities, isStepwise: false)
  }

  /// The bytes that could have left by `seconds` since the start.
  func capacity(by seconds: Double) -> Double {
    let periods = (seconds / lastTime).rounded(.down)
    // Times are whole nanoseconds: less than that is rounding.
    let rest = seconds - periods * lastTime + (isStepwise ? 0.5e-9 : 0)
    let next = times.partitioningIndex { $0 > rest }
    let before = next > 0 ? capacities[next - 1] : 0
    guard !isStepwise, next < times.count else { return periods * total + before }
    let start = next > 0 ? times[next - 1] : 0
    let share = (rest - start) / (times[next] - start)
    return periods * total + before + share * (capacities[next] - before)
  }

  /// The first time, in seconds since the start, by which `bytes` could have left.
  func time(of bytes: Double) -> Double {
    guard bytes > 0 else { return 0 }
    let periods = max(0, (bytes / total).rounded(.up) - 1)
    let rest = bytes - periods * total - max(1e-9, bytes.ulp)  // less what may be rounding
    let next = min(capacities.partitioningIndex { $0 >= rest }, times.count - 1)
    guard !isStepwise else { return periods * lastTime + times[next] }
    let (start, before) = next > 0 ? (times[next - 1], capacities[next - 1]) : (0, 0)
    let share = max(0, min(1, (rest - before) / (capacities[next] - before)))
    return periods * lastTime + start + share * (times[next] - start)
  }

  /// The trace with at most `cap` bytes per second.
  ///
  /// Opportunities may save up to a second of what the cap gave them and they didn't take.
  func capped(at cap: Double) -> RateTrace {
    guard cap.isFinite else { return self }
    var (before, start, capacity, saved) = (0.0, 0.0, 0.0, 0.0)
    var result: [Double] = []
    result.reserveCapacity(times.count)
    for (time, end) in zip(times, capacities) {
      saved = (isStepwise ? min(saved, cap) : 0) + cap * (time - start)
      let given = min(end - before, saved)
      saved -= given
      capacity += given
      result.append(capacity)
      (before, start) = (end, time)
    }
    return RateTrace(times: times, capacities: result, isStepwise: isStepwise)
  }
}

extension Array {
  /// The first index whose element satisfies `predicate`, which all elements behind it must too.
  func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
