/// Values on one line as `--set KEY=VALUE` takes them and plans have them.
///
/// Words stand as they are; any other text stands in quotation marks, so that it reads as itself
/// whatever is in it.
enum FlowText {
  /// A text.
  static func text(_ text: String) -> String {
    let isWord =
      text.utf8.first.map(isLetterOrDigit) == true && text != "null"
      && text.utf8.allSatisfy { isLetterOrDigit($0) || marks.contains($0) }
    return isWord ? text : quoted(text)
  }

  /// A text between quotation marks, whatever is in it.
  static func quoted(_ text: String) -> String {
    "\"\(text.unicodeScalars.map(escaped).joined())\""
  }

  /// A list.
  static func list(_ values: [String]) -> String { "[\(values.joined(separator: ", "))]" }

  /// A section of keys, which are words.
  static func section(_ values: [(String, String)]) -> String {
    "{\(values.map { "\($0.0): \($0.1)" }.joined(separator: ", "))}"
  }

  /// The marks that words may have after their first character.
  private static let marks = Set("+-._".utf8)

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// A character between quotation marks; the marks of anchors and aliases by their codes.
  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": "\\\(scalar)"
    case "&": "\\x26"
    case "*": "\\x2A"
    case _ where Cursor.isControl(scalar):
      "\\U" + String(repeating: "0", count: 8 - String(scalar.value, radix: 16).count)
        + String(scalar.value, radix: 16)
    default: String(scalar)
    }
  }
}
