/// The lines of a text with their numbers, without copying the text.
///
/// Lines end with a line feed, a carriage return or both; spaces and tabs around them are cut off,
/// and so is a mark of the byte order before the first.
struct TraceLines: Sequence, IteratorProtocol {
  private var rest: Substring.UTF8View
  /// The number of the line taken last, from 1.
  private(set) var number = 0

  init(_ text: String) {
    rest = text[...].utf8
    if rest.starts(with: Self.byteOrderMark) { rest.removeFirst(Self.byteOrderMark.count) }
  }

  /// U+FEFF in UTF-8, with which some programs begin files of text.
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  mutating func next() -> (number: Int, line: Substring)? {
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? rest.endIndex
    var line = rest[..<end]
    let isPair = rest[end...].starts(with: [0x0D, 0x0A])
    rest = rest[end...].dropFirst(isPair ? 2 : 1)
    number += 1
    while let first = line.first, Self.isSpace(first) { line.removeFirst() }
    while let last = line.last, Self.isSpace(last) { line.removeLast() }
    return (number, Substring(line))
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
  }

  /// A text from outside as errors quote it: shortened, in quotation marks.
  static func quoted(_ text: some StringProtocol) -> String {
    "\"\(shown(text))\""
  }

  /// The text, not too long, with what can't be seen under its number.
  static func shown(_ text: some StringProtocol) -> String {
    let scalars = text.unicodeScalars.prefix(41).map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        "<U+\(String(scalar.value, radix: 16, uppercase: true))>"
      case .spaceSeparator where scalar != " ":
        "<U+\(String(scalar.value, radix: 16, uppercase: true))>"
      default: String(scalar)
      }
    }
    return scalars.prefix(40).joined() + (scalars.count > 40 ? "…" : "")
  }
}

/// A fault of a trace file.
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
  /// The fault, its place, and the remedy.
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
