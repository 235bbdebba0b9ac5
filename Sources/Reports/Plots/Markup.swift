import Measures

/// Text of HTML and SVG, written by hand: no more is needed for a page without scripts.
enum Markup {
  /// An element with the given attributes around `content`, which is markup already.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String = ""
  ) -> String {
    let written = attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
    return "<\(name)\(written)>\(content)</\(name)>"
  }

  /// `text` with the characters replaced that mean something in markup.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  /// A coordinate, to a tenth of a pixel.
  static func coordinate(_ value: Double) -> String { value.fixed(1) }
}
