import Measures

extension RateTrace {
  /// Reads a course of the rate from comma-separated values.
  ///
  /// Each line is a time in seconds and the rate in kbit/s that holds from then to the next line's
  /// time; the first time is 0, and the last line only ends the course, after which it repeats. A
  /// first line that doesn't begin with a digit is a heading; blank lines and those that begin with
  /// `#` are skipped.
  ///
  /// - Parameter text: the file's content.
  /// - Throws: `TraceError` with the number of the line.
  public init(csv text: String) throws(TraceError) {
    var times: [Double] = []
    var capacities: [Double] = []
    var previous: (time: Double, rate: Double)?
    var mayBeHeading = true
    for (number, line) in TraceLines(text) where !line.isEmpty && line.first != "#" {
      defer { mayBeHeading = false }
      if mayBeHeading, let first = line.first, first.isLetter || first == "\"" { continue }
      let (time, rate) = try Self.row(line, number)
      guard let before = previous else {
        guard time == 0 else {
          throw .outOfRange(line: number, value: "a first time of \(time) s", allowed: "0 s")
        }
        previous = (time, rate)
        continue
      }
      guard time > before.time else {
        throw .goesBack(line: number, time: "\(time) s", previous: "\(before.time) s")
      }
      guard times.count < Self.mostEntries else {
        throw .tooLong(line: number, limit: Self.mostEntries)
      }
      times.append(time)
      capacities.append((capacities.last ?? 0) + before.rate * 125 * (time - before.time))
      previous = (time, rate)
    }
    guard let last = capacities.last else { throw .empty }
    guard last > 0 else { throw .noCapacity }
    self.init(times: times, capacities: capacities, isStepwise: false)
  }

  private static func row(
    _ line: Substring, _ number: Int
  ) throws(TraceError) -> (time: Double, rate: Double) {
    let fields = line.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count == 2 else {
      throw .malformed(
        line: number, found: "\(fields.count) columns", expected: "two, seconds and kbit/s,")
    }
    let limits = [Double(longestMilliseconds) / 1000, 1e12]
    var values: [Double] = []
    for (field, limit) in zip(fields, limits) {
      let text = field.drop { $0 == " " }
      guard let value = Double(text.prefix { $0 != " " }) else {
        throw .malformed(line: number, found: TraceLines.quoted(field), expected: "a number")
      }
      guard (0...limit).contains(value) else {
        throw .outOfRange(line: number, value: "\(value)", allowed: "0 to \(limit)")
      }
      values.append(value)
    }
    return (values[0], values[1])
  }
}
