/// Reads the JSON of a header, strictly and in one pass.
///
/// Only what the layout allows is understood: an object of tensors and, under `__metadata__`, an
/// object of strings. Nesting is bounded by construction, and names must differ.
struct SafeTensorsHeader {
  private let bytes: ArraySlice<UInt8>
  private var index: Int

  init(bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  /// The tensors and the metadata.
  mutating func read() throws(SafeTensorsError) -> ([SafeTensorsEntry], [String: String]) {
    var entries: [SafeTensorsEntry] = []
    var metadata: [String: String] = [:]
    var names: Set<String> = []
    try object { (reader, name) throws(SafeTensorsError) in
      guard names.insert(name).inserted else { throw .duplicate(name: name) }
      if name == "__metadata__" {
        // As the reference implementation reads it, null is no metadata.
        metadata = reader.acceptsNull() ? [:] : try reader.texts()
      } else {
        entries.append(try reader.entry(name: name))
      }
    }
    skipSpace()
    guard index == bytes.endIndex else { throw problem("more after its end") }
    return (entries, metadata)
  }

  private mutating func texts() throws(SafeTensorsError) -> [String: String] {
    var texts: [String: String] = [:]
    try object { (reader, name) throws(SafeTensorsError) in
      guard texts.updateValue(try reader.string(), forKey: name) == nil else {
        throw .duplicate(name: name)
      }
    }
    return texts
  }

  private mutating func entry(name: String) throws(SafeTensorsError) -> SafeTensorsEntry {
    var type: SafeTensorsType?
    var shape: [Int]?
    var place: [Int]?
    try object { (reader, key) throws(SafeTensorsError) in
      switch key {
      case "dtype" where type == nil:
        let text = try reader.string()
        guard let known = SafeTensorsType(rawValue: text) else { throw .type(text, tensor: name) }
        type = known
      case "shape" where shape == nil: shape = try reader.numbers(limit: 64)
      case "data_offsets" where place == nil: place = try reader.numbers(limit: 2)
      default: throw reader.problem("an unknown or repeated key “\(key)”")
      }
    }
    guard let type, let shape, let place, place.count == 2 else {
      throw problem("no dtype, shape and two data_offsets for “\(name)”")
    }
    return SafeTensorsEntry(name: name, type: type, shape: shape, begin: place[0], end: place[1])
  }

  // MARK: JSON

  /// Reads an object and has `member` read each value.
  private mutating func object(
    member: (inout Self, String) throws(SafeTensorsError) -> Void
  ) throws(SafeTensorsError) {
    try expect("{")
    if accept("}") { return }
    repeat {
      let name = try string()
      try expect(":")
      try member(&self, name)
    } while accept(",")
    try expect("}")
  }

  private mutating func numbers(limit: Int) throws(SafeTensorsError) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if accept("]") { return [] }
    repeat {
      guard numbers.count < limit else { throw problem("more than \(limit) numbers") }
      numbers.append(try number())
    } while accept(",")
    try expect("]")
    return numbers
  }

  /// Reads a natural number that a signed word holds.
  private mutating func number() throws(SafeTensorsError) -> Int {
    skipSpace()
    let start = index
    var value = 0
    while index < bytes.endIndex, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[index] {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[index] - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw problem("a number that is too large") }
      value = sum
      index += 1
    }
    guard index > start else { throw problem("no natural number") }
    guard index == start + 1 || bytes[start] != UInt8(ascii: "0") else {
      throw problem("a number with a leading zero")
    }
    return value
  }

  private mutating func string() throws(SafeTensorsError) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw problem("a string that isn't UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text += try escape().utf8
      case 0..<0x20: throw problem("a control character in a string")
      default: text.append(byte)
      }
    }
    throw problem("a string without end")
  }

  /// Reads what follows a backslash.
  private mutating func escape() throws(SafeTensorsError) -> String {
    guard index < bytes.endIndex else { throw problem("a string without end") }
    let byte = bytes[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw problem("an unknown escape")
    }
    var units = [try codeUnit()]
    if UTF16.isLeadSurrogate(units[0]), bytes[index...].starts(with: [0x5C, 0x75]) {
      index += 2
      units.append(try codeUnit())
    }
    guard let text = String(validating: units, as: UTF16.self) else {
      throw problem("half a surrogate pair")
    }
    return text
  }

  private mutating func codeUnit() throws(SafeTensorsError) -> UInt16 {
    let digits = bytes[index...].prefix(4)
    guard digits.count == 4,
      digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw problem("an escape without four hexadecimal digits") }
    index += 4
    return unit
  }

  private mutating func expect(_ token: Unicode.Scalar) throws(SafeTensorsError) {
    guard accept(token) else { throw problem("no “\(token)”") }
  }

  private mutating func accept(_ token: Unicode.Scalar) -> Bool {
    skipSpace()
    guard index < bytes.endIndex, bytes[index] == UInt8(ascii: token) else { return false }
    index += 1
    return true
  }

  private mutating func acceptsNull() -> Bool {
    skipSpace()
    let word = Array("null".utf8)
    guard bytes[index...].starts(with: word) else { return false }
    index += word.count
    return true
  }

  private mutating func skipSpace() {
    while index < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
  }

  private func problem(_ text: String) -> SafeTensorsError {
    .header(text, at: index - bytes.startIndex)
  }
}
