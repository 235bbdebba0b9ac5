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

  /// What an error quotes of a text from outside: not too long, and in quotation marks.
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
