import Measures
import Yams

extension Cursor {
  /// A whole number in `range`.
  func whole(_ range: ClosedRange<Int>) -> Int? {
    guard let digits = digits(one: Self.extent(range)) else { return nil }
    guard let value = Int(digits), range.contains(value) else {
      report("is \(Self.shown(digits))", remedy: "write a number \(Self.extent(range))")
      return nil
    }
    return value
  }

  /// A seed: any whole number of 64 bits without a sign.
  func seed() -> UInt64? {
    guard let digits = digits(one: "of at least 0") else { return nil }
    guard let value = UInt64(digits == "-0" ? "0" : digits) else {
      let extent = digits.hasPrefix("-") ? "of at least 0" : "of at most \(UInt64.max)"
      report("is \(Self.shown(digits))", remedy: "write a number \(extent)")
      return nil
    }
    return value
  }

  /// The sign, if it is a minus, and the digits of a whole number, which may be of any size.
  private func digits(one extent: String) -> String? {
    let signed = (word ?? "").filter { $0 != "_" }
    let digits = signed.hasPrefix("-") ? signed.dropFirst() : signed[...]
    guard !digits.isEmpty, word?.first != "_", digits.utf8.allSatisfy(Self.isDigit) else {
      expected("a whole number", remedy: "write one \(extent), in digits")
      return nil
    }
    // YAML 1.1 reads 010 as eight, YAML 1.2 as ten.
    guard digits.count == 1 || digits.first != "0" else {
      let rest = digits.drop { $0 == "0" }
      report(
        "is \(spelled), which isn't the same number to all programs",
        remedy: "write \(rest.isEmpty ? "0" : Self.shown(String(rest)))")
      return nil
    }
    return signed
  }

  /// A number in `range`, in which an open end may be asked for.
  func number(_ range: ClosedRange<Double>, excluding excluded: Double? = nil) -> Double? {
    guard let word, let value = Self.number(word) else {
      expected(
        "a number", remedy: "\(pointRemedy)write one \(Self.extent(range, excluding: excluded))")
      return nil
    }
    guard range.contains(value), value != excluded else {
      report("is \(spelled)", remedy: "write a number \(Self.extent(range, excluding: excluded))")
      return nil
    }
    return value
  }

  /// A whole number in `range`, or the word "none".
  func wholeOrNone(_ range: ClosedRange<Int>) -> Int?? {
    if word == "none" { return .some(nil) }
    guard let value = whole(range) else { return nil }
    return .some(value)
  }

  /// A number in `range`, or the word "none".
  func numberOrNone(_ range: ClosedRange<Double>, excluding excluded: Double? = nil) -> Double?? {
    if word == "none" { return .some(nil) }
    guard let value = number(range, excluding: excluded) else { return nil }
    return .some(value)
  }

  /// A share in `range`, written as "80 %" or 0.8.
  func share(_ range: ClosedRange<Share> = 0...1) -> Share? {
    let isPercent = word?.last == "%"
    let text = word.map { isPercent ? Self.trimmed($0.dropLast()) : $0 }
    guard let text, let number = DecimalNumber(text) else {
      expected("a share", remedy: "\(pointRemedy)write one as in 80 %")
      return nil
    }
    guard let share = Share(text, isPercent: isPercent), range.contains(share) else {
      let ends = [range.lowerBound, range.upperBound].map { Self.decimal($0.value * 100) }
      let value = isPercent ? number.value / 100 : number.value
      let isInside = (range.lowerBound.value...range.upperBound.value).contains(value)
      report(
        "is \(spelled)", remedy: isInside ? Self.rounding : "write \(ends[0]) % to \(ends[1]) %")
      return nil
    }
    return share
  }

  /// The advice for a number with a comma in it; empty for any other.
  var pointRemedy: String {
    word?.contains(",") == true ? "put a point before decimals, as in 6.5; " : ""
  }

  /// A factor in `range`, as in 1.3.
  func multiple(_ range: ClosedRange<Share>) -> Share? {
    guard number(range.lowerBound.value...range.upperBound.value) != nil else { return nil }
    guard let share = word.flatMap({ Share($0) }), range.contains(share) else {
      report("is \(spelled)", remedy: Self.rounding)
      return nil
    }
    return share
  }

  private static let rounding = "round it to \(Share.decimals) decimals at most"

  /// "true" or "false".
  func flag() -> Bool? {
    switch word {
    case "true": return true
    case "false": return false
    default:
      expected("true or false", remedy: "write one of them")
      return nil
    }
  }

  /// A text of 1 to `limit` characters on one line.
  func text(atMost limit: Int = 4096) -> String? {
    guard case .scalar(let scalar) = node, !isNothing else {
      expected("a text", remedy: "write one")
      return nil
    }
    let text = scalar.string
    guard (1...limit).contains(text.count), !text.unicodeScalars.contains(where: Self.isControl)
    else {
      report(
        text.isEmpty ? "is empty" : "is too long or has several lines",
        remedy: "write 1 to \(limit) characters on one line")
      return nil
    }
    return text
  }

  /// A run's name, which becomes the name of a folder: no slash, and no full stop at its beginning.
  func name() -> String? {
    guard let text = text(atMost: 100) else { return nil }
    let problem: String? =
      if text.contains("/") {
        "has a slash, and a run's folder is called so"
      } else if text.hasPrefix(".") {
        "begins with a full stop, and a run's folder is called so"
      } else if text.allSatisfy(\.isWhitespace) {
        "is blank, and a run's folder is called so"
      } else if text.utf8.count > Self.longestName {
        "takes \(text.utf8.count) bytes, and a run's folder is called so"
      } else {
        nil
      }
    guard let problem else { return text }
    report(
      "is “\(Self.shown(text))”: it \(problem)",
      remedy: "write a word or two; where a run is kept is said by --out")
    return nil
  }

  /// The most bytes of a run's name: file systems take 255, and a number is added.
  static let longestName = 200

  /// The meaning of one of the given words.
  func choice<Value>(_ what: String, of choices: [(word: String, value: Value)]) -> Value? {
    let words = choices.map(\.word)
    guard let text = word else {
      expected(what, remedy: "write \(Self.list(words))")
      return nil
    }
    if let choice = choices.first(where: { $0.word == text }) { return choice.value }
    guard !words.isEmpty else {
      expected(what, remedy: "describe it first: there is none in this file")
      return nil
    }
    let meant = reading.nearest(to: text, of: words).map { "did you mean \($0)? " } ?? ""
    expected(
      what, remedy: "\(meant)There \(words.count == 1 ? "is" : "are") \(Self.list(words, "and"))")
    return nil
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func extent(_ range: ClosedRange<Int>) -> String {
    "from \(range.lowerBound) to \(range.upperBound)"
  }

  private static func extent(_ range: ClosedRange<Double>, excluding excluded: Double?) -> String {
    let ends = (decimal(range.lowerBound), decimal(range.upperBound))
    let text =
      range.upperBound.isFinite && range.upperBound < 1e12
      ? "from \(ends.0) to \(ends.1)" : "of at least \(ends.0)"
    return excluded.map { "\(text), but not \(decimal($0))" } ?? text
  }

  /// The number without a needless ".0".
  static func decimal(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// "a", "a or b", "a, b or c"; of many words the first ones.
  static func list(_ words: [String], _ link: String = "or") -> String {
    let most = 40
    guard words.count <= most else {
      return words.prefix(most).joined(separator: ", ") + " and \(words.count - most) others"
    }
    guard let last = words.last, words.count > 1 else { return words.first ?? "nothing" }
    return words.dropLast().joined(separator: ", ") + " \(link) \(last)"
  }

  static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " }
    return String(start.reversed().drop { $0 == " " }.reversed())
  }
}
