/// What is wrong with a trace file.
public enum TraceError: Error, Hashable, Sendable {
  /// There is nothing in it.
  case empty
  /// A line holds something else than what the format has there.
  case malformed(line: Int, found: String, expected: String)
  /// A number lies outside what makes sense.
  case outOfRange(line: Int, value: String, allowed: String)
  /// A time comes before the one of the line above.
  case goesBack(line: Int, time: String, previous: String)
  /// All of it adds up to no capacity at all, so nothing would ever arrive.
  case noCapacity
  /// It has more entries than we are willing to hold.
  case tooLong(line: Int, limit: Int)
  /// A client's lists of beginnings and ends don't fit each other.
  case unpaired(line: Int, client: String, active: Int, inactive: Int)
  /// A client's interval doesn't lie behind the one before, or beyond the end.
  case disorder(line: Int, client: String, interval: Int)
}

extension TraceError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .empty: "the trace is empty: it needs at least one entry"
    case .malformed(let line, let found, let expected):
      "line \(line): found \(found); expected \(expected)"
    case .outOfRange(let line, let value, let allowed):
      "line \(line): \(value) is out of range; allowed is \(allowed)"
    case .goesBack(let line, let time, let previous):
      "line \(line): time \(time) comes after \(previous); sort the lines by time"
    case .noCapacity: "the trace never lets a byte through; give at least one rate above zero"
    case .tooLong(let line, let limit):
      "line \(line): more than \(limit) entries; shorten the trace, it repeats by itself"
    case .unpaired(let line, let client, let active, let inactive):
      """
      line \(line): client \(client) has \(active) "active" times and \(inactive) "inactive" ones; \
      each interval needs both
      """
    case .disorder(let line, let client, let interval):
      """
      line \(line): interval \(interval) of client \(client) ends before it begins, begins before \
      the one ahead of it ends, or ends after "finish_time"
      """
    }
  }
}
