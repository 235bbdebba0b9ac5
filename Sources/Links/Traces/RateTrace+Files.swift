import Measures

extension RateTrace {
  /// Reads a course of the rate from comma-separated values.
  ///
  /// Each line is a time and the rate that holds from then to the next line's time; the first time
  /// is 0, and the last line only ends the course, after which it repeats. Times are seconds and
  /// rates kbit/s, unless the first line is a heading that names other units, or a value has its
  /// own: "500 ms, 0.8 Mbit/s". Cells may stand in quotation marks; blank lines and those that
  /// begin with `#` are skipped.
  ///
  /// - Parameter text: the file's content.
  /// - Throws: `TraceError` with the number of the line.
  public init(csv text: String) throws(TraceError) {
    var times: [Double] = []
    var capacities: [Double] = []
    var previous: (time: Double, rate: Double)?
    var columns: [TraceColumn] = [.time, .rate]
    var mayBeHeading = true
    for (number, line) in TraceLines(text) where !line.isEmpty && line.first != "#" {
      defer { mayBeHeading = false }
      let cells = TraceColumn.cells(of: line)
      guard cells.count == columns.count else {
        throw .malformed(
          line: number, found: "\(cells.count) \(cells.count == 1 ? "column" : "columns")",
          expected: "two, a time and a rate with a comma between them")
      }
      if mayBeHeading, cells.allSatisfy({ TraceColumn.isHeading($0) }) {
        for index in columns.indices { try columns[index].head(cells[index], line: number) }
        continue
      }
      let time = try columns[0].value(cells[0], line: number)
      let rate = try columns[1].value(cells[1], line: number)
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
}

extension RateTrace {
  /// The bytes that one line of a mahimahi trace lets through.
  public static var opportunity: Int { 1500 }

  /// Reads a link trace of mahimahi's mm-link.
  ///
  /// Each line is a time in milliseconds at which 1500 bytes may leave; a time that stands on
  /// several lines counts as often. The trace repeats after its last time. Blank lines are skipped.
  ///
  /// - Parameter text: the file's content.
  /// - Throws: `TraceError` with the number of the line.
  public init(mahimahi text: String) throws(TraceError) {
    var times: [Double] = []
    var capacities: [Double] = []
    var previous = 0
    var count = 0
    for (number, line) in TraceLines(text) where !line.isEmpty {
      let digits = line.first == "-" ? line.dropFirst() : line
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        let isRow = line.utf8.contains(UInt8(ascii: ","))
        throw .malformed(
          line: number, found: TraceLines.quoted(line),
          expected: "a whole number of milliseconds without a unit"
            + (isRow ? "; a file of times and rates has a name that ends in .csv" : ""))
      }
      // What is too large for the machine is too large for a trace.
      let time = Int(line) ?? .max
      guard (0...Self.longestMilliseconds).contains(time) else {
        throw .outOfRange(
          line: number, value: "\(TraceLines.shown(line)) ms",
          allowed: "0 to \(Self.longestMilliseconds) ms")
      }
      guard time >= previous else {
        throw .goesBack(line: number, time: "\(time) ms", previous: "\(previous) ms")
      }
      count += 1
      if time > previous || times.isEmpty {
        guard times.count < Self.mostEntries else {
          throw .tooLong(line: number, limit: Self.mostEntries)
        }
        times.append(Double(time) / 1000)
        capacities.append(0)
      }
      capacities[capacities.count - 1] = Double(count * Self.opportunity)
      previous = time
    }
    guard count > 0 else { throw .empty }
    guard previous > 0 else {
      throw .outOfRange(line: count, value: "a last time of 0 ms", allowed: "at least 1 ms")
    }
    self.init(times: times, capacities: capacities, isStepwise: true)
  }

  /// A year: beyond it a trace is a mistake.
  static var longestMilliseconds: Int { 366 * 86_400_000 }

  /// The most different times that are held, 160 MB.
  static var mostEntries: Int { 10_000_000 }
}
