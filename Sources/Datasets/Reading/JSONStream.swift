/// A JSON text (RFC 8259), read value by value from front to back; only what the caller keeps stays
/// in memory.
struct JSONStream: ~Copyable {
  private var file: ByteFile
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var next = 0
  private var end = 0

  /// The text in `file`.
  init(_ file: consuming ByteFile) { self.file = file }

  /// The path of the file.
  var path: String { file.path }

  /// The error for what stands here and shouldn't.
  func malformed(_ reason: String) -> DatasetError {
    .malformed(
      path: file.path, at: "byte \(file.position - end + next)", reason: reason,
      remedy: "write it as LEAF's scripts do")
  }

  /// The next byte that isn't white space, left where it is; nil at the end of the text.
  mutating func peek() throws(DatasetError) -> UInt8? {
    while true {
      guard let byte = try current() else { return nil }
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): next += 1
      default: return byte
      }
    }
  }

  /// Takes `byte`, which must come next.
  mutating func expect(_ byte: UInt8) throws(DatasetError) {
    guard try peek() == byte else {
      throw malformed("“\(Character(UnicodeScalar(byte)))” expected")
    }
    next += 1
  }

  /// Reads an object and calls `member` at each value, which it must take.
  mutating func object(
    _ member: (String, inout JSONStream) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    try expect(UInt8(ascii: "{"))
    guard try !take(UInt8(ascii: "}")) else { return }
    repeat {
      let key = try string()
      try expect(UInt8(ascii: ":"))
      try member(key, &self)
    } while try take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Reads an array and calls `element` at each value, which it must take.
  mutating func array(
    _ element: (inout JSONStream) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    try expect(UInt8(ascii: "["))
    guard try !take(UInt8(ascii: "]")) else { return }
    repeat { try element(&self) } while try take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
  }

  /// Reads a string of at most 4,096 bytes; escapes other than quotes, slashes and backslashes are
  /// kept as they are.
  mutating func string() throws(DatasetError) -> String {
    try expect(UInt8(ascii: "\""))
    var bytes: [UInt8] = []
    while let byte = try current() {
      next += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), let escaped = try current() {
        next += 1
        if ![UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/")].contains(escaped) {
          bytes.append(byte)
        }
        bytes.append(escaped)
      } else {
        bytes.append(byte)
      }
      guard bytes.count <= 4096 else { throw malformed("a string of more than 4096 bytes") }
    }
    throw malformed("the text ends inside a string")
  }

  /// Reads a number, to within the last bit or two of a double.
  mutating func number() throws(DatasetError) -> Double {
    _ = try peek()
    let isNegative = try takeHere(UInt8(ascii: "-"))
    var (mantissa, digits, significant, scale) = (0.0, 0, 0, 0)
    var isFraction = false
    while let byte = try current() {
      if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        digits += 1
        if significant > 0 || byte != UInt8(ascii: "0") { significant += 1 }
        // Digits beyond the nineteenth change nothing that a double holds.
        if significant <= 19 {
          mantissa = mantissa * 10 + Double(byte - UInt8(ascii: "0"))
          scale -= isFraction ? 1 : 0
        } else {
          scale += isFraction ? 0 : 1
        }
      } else {
        break
      }
      next += 1
    }
    guard digits > 0 else { throw malformed("a number expected") }
    if let byte = try current(), byte | 0x20 == UInt8(ascii: "e") {
      next += 1
      scale += try exponent()
    }
    let magnitude = Self.scaled(mantissa, by: scale)
    return isNegative ? -magnitude : magnitude
  }

  /// Passes over a value of any kind.
  mutating func skip() throws(DatasetError) {
    var depth = 0
    repeat {
      guard let byte = try peek() else { throw malformed("the text ends inside a value") }
      switch byte {
      case UInt8(ascii: "\""): _ = try string()
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        next += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        guard depth > 0 else { throw malformed("a value expected") }
        depth -= 1
        next += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw malformed("a value expected") }
        next += 1
      default: try skipWord()
      }
    } while depth > 0
  }

  /// Refuses anything but white space up to the end of the file.
  mutating func expectEnd() throws(DatasetError) {
    guard try peek() == nil else { throw malformed("the end of the text expected") }
  }

  private mutating func skipWord() throws(DatasetError) {
    var length = 0
    while let byte = try current(), byte > UInt8(ascii: " "), !",:]}[{\"".utf8.contains(byte) {
      next += 1
      length += 1
    }
    guard length > 0 else { throw malformed("a value expected") }
  }

  private mutating func exponent() throws(DatasetError) -> Int {
    let isNegative = try takeHere(UInt8(ascii: "-"))
    if !isNegative { _ = try takeHere(UInt8(ascii: "+")) }
    var (value, digits) = (0, 0)
    while let byte = try current(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      value = min(9999, value * 10 + Int(byte - UInt8(ascii: "0")))
      digits += 1
      next += 1
    }
    guard digits > 0 else { throw malformed("an exponent expected") }
    return isNegative ? -value : value
  }

  private static func scaled(_ mantissa: Double, by scale: Int) -> Double {
    var (result, left) = (mantissa, min(abs(scale), 400))
    while left > 0 {
      let step = min(left, 22)  // the powers of ten that a double holds exactly
      var power = 1.0
      for _ in 0..<step { power *= 10 }
      result = scale < 0 ? result / power : result * power
      left -= step
    }
    return result
  }

  private mutating func take(_ byte: UInt8) throws(DatasetError) -> Bool {
    guard try peek() == byte else { return false }
    next += 1
    return true
  }

  private mutating func takeHere(_ byte: UInt8) throws(DatasetError) -> Bool {
    guard try current() == byte else { return false }
    next += 1
    return true
  }

  private mutating func current() throws(DatasetError) -> UInt8? {
    if next == end {
      end = try file.readSome(into: &buffer)
      next = 0
      guard file.position <= file.limit else {
        throw .tooLarge(path: file.path, announced: file.position, limit: file.limit)
      }
      if end == 0 { return nil }
    }
    return buffer[next]
  }
}
