import Measures

/// A column of a trace of comma-separated values: which units its numbers may have, and which they
/// have without one.
struct TraceColumn {
  /// The factor to a number, by the unit that stands behind it.
  private let units: [String: Double]
  /// A unit's factor for numbers that have none of their own.
  private var factor = 1.0
  /// The largest value.
  private let limit: Double
  /// An example of a value, in words.
  private let example: String

  /// Times, in seconds.
  static let time = TraceColumn(
    units: [
      "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ms": 1e-3, "msec": 1e-3,
      "millisecond": 1e-3, "milliseconds": 1e-3, "min": 60, "minutes": 60, "h": 3600,
      "hours": 3600,
    ],
    limit: Double(RateTrace.longestMilliseconds) / 1000, example: "seconds as in 0.5, or 500 ms")

  /// Rates, in kbit/s.
  ///
  /// A B stands for bytes, a b for bits.
  static let rate = TraceColumn(
    units: [
      "bit/s": 1e-3, "bits/s": 1e-3, "bps": 1e-3, "kbit/s": 1, "kbits/s": 1, "kbps": 1, "kb/s": 1,
      "Kbit/s": 1, "Kbps": 1, "Mbit/s": 1e3, "Mbits/s": 1e3, "Mbps": 1e3, "Mb/s": 1e3, "mbps": 1e3,
      "Gbit/s": 1e6, "Gbits/s": 1e6, "Gbps": 1e6, "Gb/s": 1e6, "gbps": 1e6, "B/s": 8e-3,
      "kB/s": 8, "MB/s": 8e3, "GB/s": 8e6,
    ],
    limit: 1e12, example: "kbit/s as in 800, or 0.8 Mbit/s")

  private init(units: [String: Double], limit: Double, example: String) {
    self.units = units
    self.limit = limit
    self.example = example
  }

  /// The cells of `line`, without spaces and quotation marks around them.
  static func cells(of line: Substring) -> [Substring] {
    var cells: [Substring] = []
    var (start, isQuoted) = (line.startIndex, false)
    for index in line.indices {
      if line[index] == "\"" { isQuoted.toggle() }
      guard line[index] == ",", !isQuoted else { continue }
      cells.append(line[start..<index])
      start = line.index(after: index)
    }
    cells.append(line[start...])
    return cells.map { cell in
      let bare = trimmed(cell)
      guard bare.count >= 2, bare.first == "\"", bare.last == "\"" else { return bare }
      return trimmed(bare.dropFirst().dropLast())
    }
  }

  /// True if `cell` begins as a name does, and not as a number.
  static func isHeading(_ cell: Substring) -> Bool {
    guard let first = cell.first, first.isLetter || "([µ_".contains(first) else { return false }
    return !["nan", "inf", "infinity"].contains(cell.lowercased())
  }

  /// Takes the unit that a heading names, as in "time_ms", "rate (Mbit/s)" or "kbps".
  mutating func head(_ cell: Substring, line: Int) throws(TraceError) {
    for word in cell.split(whereSeparator: { !$0.isLetter && $0 != "/" && !$0.isNumber }) {
      if let factor = units[String(word)] {
        self.factor = factor
      } else if Self.isUnit(word) {
        throw .malformed(
          line: line, found: "the unit \(TraceLines.quoted(word))", expected: example)
      }
    }
  }

  /// The value of `cell`, in the column's own unit.
  func value(_ cell: Substring, line: Int) throws(TraceError) -> Double {
    let number = cell.prefix { "0123456789.eE+-".contains($0) }
    let unit = Self.trimmed(cell[number.endIndex...])
    guard let value = DecimalNumber(number)?.value,
      let factor = unit.isEmpty ? factor : units[String(unit)]
    else { throw .malformed(line: line, found: TraceLines.quoted(cell), expected: example) }
    guard (0...limit).contains(value * factor) else {
      throw .outOfRange(line: line, value: "\(value * factor)", allowed: "0 to \(limit)")
    }
    return value * factor
  }

  /// True if a word of a heading looks as if it said how its column is measured.
  private static func isUnit(_ word: Substring) -> Bool {
    let text = word.lowercased()
    return text.utf8.contains(UInt8(ascii: "/")) || text.hasSuffix("bps") || text.hasSuffix("bit")
      || text.hasSuffix("bits") || text.hasSuffix("byte") || text.hasSuffix("bytes")
      || ["us", "µs", "μs", "ns", "d", "day", "days", "hour", "minute", "hz"].contains(text)
      || text.hasSuffix("seconds") || text.hasSuffix("packets") || text.hasSuffix("pps")
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
