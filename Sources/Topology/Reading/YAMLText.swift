import Yams

/// The text of a YAML file as Unicode scalars, with positions as the parser counts them.
struct YAMLText {
  private(set) var scalars: [Unicode.Scalar]

  /// The most bytes that a topology may have; sensible ones have a few thousand.
  static let limit = 256 << 10

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
  }

  /// The text again.
  var text: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// The index of a position, whose line and column count from 1; nil beyond the text.
  func index(line: Int, column: Int) -> Int? {
    var current = 1
    var start = 0
    while current < line {
      guard let end = scalars[start...].firstIndex(where: Self.isBreak) else { return nil }
      start = end + (isCRLF(at: end) ? 2 : 1)
      current += 1
    }
    let index = start + column - 1
    return scalars.indices.contains(index) ? index : nil
  }

  /// The line of the scalar at `index`, from 1.
  func line(of index: Int) -> Int {
    1 + scalars[..<index].indices.count { Self.isBreak(scalars[$0]) && !isCRLF(at: $0) }
  }

  /// Replaces the scalar at `index`.
  mutating func replace(at index: Int, with scalar: Unicode.Scalar) { scalars[index] = scalar }

  /// True if `text` stands at `index`.
  func has(_ text: String, at index: Int) -> Bool {
    scalars[index...].starts(with: text.unicodeScalars)
  }

  /// The index of the first character that YAML doesn't allow.
  var firstControl: Int? {
    scalars.firstIndex {
      $0.properties.generalCategory == .control && !["\n", "\r", "\t", "\u{85}"].contains($0)
    }
  }

  /// The index of the first asterisk that may begin an alias of an anchor above it.
  ///
  /// Aliases let a small file unfold into a huge one, and Yams follows them while it looks for
  /// repeated keys, so they are found before it sees the file; those without an anchor it refuses
  /// itself. Only comments that certainly are some are left out: those in front of the first
  /// quotation mark that may open a text, and those in whose rest of the line there is none that
  /// may close it.
  var firstAlias: Int? {
    var anchors: Set<String> = []
    var isQuoting = false
    // The end of the last line that had a number sign, and the last quotation mark in it.
    var line: (end: Int, lastQuotation: Int?) = (0, nil)
    var previous: Unicode.Scalar = "\n"
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      let isFirstOfWord = Self.isBreak(previous) || previous == " " || previous == "\t"
      if scalar == "#", isFirstOfWord {
        if index >= line.end {
          let rest = scalars[index...].prefix { !Self.isBreak($0) }
          line = (rest.endIndex, rest.lastIndex(where: Self.isQuotation))
        }
        if !isQuoting || (line.lastQuotation ?? 0) < index {
          index = line.end
          previous = "#"
          continue
        }
      }
      // In the middle of a word, a quotation mark is an apostrophe.
      if Self.isQuotation(scalar), !Self.isName(previous) { isQuoting = true }
      if scalar == "*" || scalar == "&", !Self.isName(previous) {
        let name = String(
          String.UnicodeScalarView(scalars[(index + 1)...].prefix(while: Self.isName)))
        if scalar == "&" { anchors.insert(name) } else if anchors.contains(name) { return index }
      }
      previous = scalar
      index += 1
    }
    return nil
  }

  private static func isQuotation(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\"" || scalar == "'"
  }

  private func isCRLF(at index: Int) -> Bool {
    scalars[index] == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n"
  }

  private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
    ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
  }

  /// True if the name of an anchor may contain `scalar`.
  private static func isName(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      || scalar == "_" || scalar == "-"
  }
}

extension YAMLText {
  /// The first character of respelled keys; as many as keys are respelled.
  private static let marks: ClosedRange<UInt32> = 0xE000...0xE07F

  /// Gives the key at `mark` another first character, which stands nowhere else.
  ///
  /// - Returns: The key and its new spelling; nil where that can't be done.
  mutating func respell(at mark: Mark, number: Int) -> (key: String, spelling: String)? {
    guard let scalar = Unicode.Scalar(Self.marks.lowerBound + UInt32(number)),
      Self.marks.contains(scalar.value), !scalars.contains(scalar),
      var start = index(line: mark.line, column: mark.column)
    else { return nil }
    if scalars[start] == "\"" || scalars[start] == "'" { start += 1 }
    // Only plain words are respelled: whatever may be escaped or folded is read otherwise than
    // spelled.
    let word = scalars[start...].prefix { $0.isASCII && $0.properties.isAlphabetic }
    guard !word.isEmpty, let end = scalars[word.endIndex...].first,
      " :\"'".unicodeScalars.contains(end)
    else { return nil }
    let key = String(String.UnicodeScalarView(word))
    replace(at: start, with: scalar)
    return (key, String(Character(scalar)) + key.dropFirst())
  }
}
