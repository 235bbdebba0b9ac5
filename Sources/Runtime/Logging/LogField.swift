/// A value beside an event in a log.
package enum LogField: Hashable, Sendable {
  /// A text, from whomever.
  case text(String)
  /// A whole number.
  case number(Int)
  /// A fraction; what isn't finite is written as null.
  case fraction(Double)
  /// Yes or no.
  case flag(Bool)

  /// The value in JSON.
  var json: String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .number(let number): "\(number)"
    case .fraction(let fraction): fraction.isFinite ? "\(fraction)" : "null"
    case .flag(let flag): flag ? "true" : "false"
    }
  }

  /// A text as a JSON string on one line, at most 1024 bytes of it.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    var length = 0
    for scalar in text.unicodeScalars {
      length += UTF8.width(scalar)
      guard length <= 1024 else {
        quoted += "…"
        break
      }
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      default:
        if scalar.properties.generalCategory == .control || scalar == "\u{2028}"
          || scalar == "\u{2029}"
        {
          let code = String(scalar.value, radix: 16)
          quoted += "\\u" + String(repeating: "0", count: 4 - code.count) + code
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }
}

extension String {
  /// The text without control characters, which could steer a terminal: peers wrote it.
  package var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }
}
