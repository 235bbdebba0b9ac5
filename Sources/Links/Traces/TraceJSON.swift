import Measures

/// Reads the JSON of trace files from beginning to end, without building a tree.
///
/// Memory is what the caller keeps. Strings are only keys and things to skip: their escapes are
/// left as they are.
struct TraceJSON {
  private let bytes: [UInt8]
  private var position = 0
  /// The line of the next byte, from 1.
  private(set) var line = 1

  /// The deepest nesting of skipped values.
  private static var deepest: Int { 64 }

  init(_ text: String) {
    bytes = Array(text.utf8)
    if bytes.starts(with: TraceLines.byteOrderMark) { position = TraceLines.byteOrderMark.count }
  }

  /// Reads an object and hands over each key, in front of its value.
  mutating func object(
    _ member: (inout TraceJSON, _ key: String) throws(TraceError) -> Void
  ) throws(TraceError) {
    try expect("{", "an object, \"{\",")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":", "a colon")
      try member(&self, key)
    } while take(",")
    try expect("}", "a comma or \"}\"")
  }

  /// Reads an array and hands over each element's place.
  mutating func array(
    _ element: (inout TraceJSON) throws(TraceError) -> Void
  ) throws(TraceError) {
    try expect("[", "a list, \"[\",")
    if take("]") { return }
    repeat { try element(&self) } while take(",")
    try expect("]", "a comma or \"]\"")
  }

  /// Reads a finite number.
  mutating func number() throws(TraceError) -> Double {
    skipSpace()
    let start = position
    while position < bytes.count, Self.isInNumber(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard position - start <= 40, text.first != "+", let value = DecimalNumber(text)?.value else {
      position = start
      throw malformed("a number")
    }
    return value
  }

  /// Reads a string as it is written.
  mutating func string() throws(TraceError) -> String {
    try expect("\"", "a string in quotation marks")
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      guard bytes[position] != UInt8(ascii: "\n") else { break }
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < bytes.count, bytes[position] != UInt8(ascii: "\n") else {
      position = min(position, bytes.count)
      throw malformed("the end of a string")
    }
    defer { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// Reads any value and forgets it.
  mutating func skip(depth: Int = 0) throws(TraceError) {
    guard depth < Self.deepest else { throw malformed("at most \(Self.deepest) levels") }
    skipSpace()
    switch position < bytes.count ? bytes[position] : 0 {
    case UInt8(ascii: "{"):
      try object { (json, _) throws(TraceError) in try json.skip(depth: depth + 1) }
    case UInt8(ascii: "["):
      try array { (json) throws(TraceError) in try json.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    default: _ = try number()
    }
  }

  /// Makes sure that nothing follows.
  mutating func end() throws(TraceError) {
    skipSpace()
    if position < bytes.count { throw malformed("the end of the file") }
  }

  private mutating func literal(_ word: String) throws(TraceError) {
    guard bytes[position...].starts(with: word.utf8) else { throw malformed(word) }
    position += word.utf8.count
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(
    _ character: Unicode.Scalar, _ what: String
  ) throws(TraceError) {
    guard take(character) else { throw malformed(what) }
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      default: return
      }
      position += 1
    }
  }

  private func malformed(_ expected: String) -> TraceError {
    guard position < bytes.count else {
      return .malformed(line: line, found: "the end of the file", expected: expected)
    }
    let rest = String(decoding: bytes[position..<min(position + 20, bytes.count)], as: UTF8.self)
    let found = rest.prefix { !$0.isNewline }
    return .malformed(line: line, found: TraceLines.quoted(found), expected: expected)
  }

  private static func isInNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }
}
