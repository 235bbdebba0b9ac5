/// The lines of a text with their numbers, without copying the text.
///
/// Lines end with a line feed; a carriage return before it, spaces and tabs around are cut off.
struct TraceLines: Sequence, IteratorProtocol {
  private var rest: Substring.UTF8View
  /// The number of the line taken last, from 1.
  private(set) var number = 0

  init(_ text: String) { rest = text[...].utf8 }

  mutating func next() -> (number: Int, line: Substring)? {
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
    var line = rest[..<end]
    rest = end < rest.endIndex ? rest[rest.index(after: end)...] : rest[end...]
    number += 1
    while let first = line.first, Self.isSpace(first) { line.removeFirst() }
    while let last = line.last, Self.isSpace(last) { line.removeLast() }
    return (number, Substring(line))
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D
  }

  /// What an error quotes of a text from outside: not too long, and in quotation marks.
  static func quoted(_ text: some StringProtocol) -> String {
    text.count > 40 ? "\"\(text.prefix(40))…\"" : "\"\(text)\""
  }
}
