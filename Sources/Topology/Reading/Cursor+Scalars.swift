import Yams

extension Cursor {
  /// A whole number in `range`.
  func whole(_ range: ClosedRange<Int>) -> Int? {
    guard let plain, let value = Self.whole(plain) else {
      expected("a whole number", remedy: "write one \(Self.extent(range)), in digits")
      return nil
    }
    guard range.contains(value) else {
      report("is \(value)", remedy: "write a number \(Self.extent(range))")
      return nil
    }
    return value
  }

  /// A number in `range`, in which an open end may be asked for.
  func number(_ range: ClosedRange<Double>, excluding excluded: Double? = nil) -> Double? {
    guard let plain, let value = Self.number(plain) else {
      expected("a number", remedy: "write one \(Self.extent(range, excluding: excluded))")
      return nil
    }
    guard range.contains(value), value != excluded else {
      report("is \(plain)", remedy: "write a number \(Self.extent(range, excluding: excluded))")
      return nil
    }
    return value
  }

  /// A number in `range`, or the word "none".
  func numberOrNone(_ range: ClosedRange<Double>, excluding excluded: Double? = nil) -> Double?? {
    if plain == "none" { return .some(nil) }
    guard let value = number(range, excluding: excluded) else { return nil }
    return .some(value)
  }

  /// A share in `range`, written as "80 %" or 0.8.
  func share(_ range: ClosedRange<Double> = 0...1) -> Double? {
    let percents = plain.flatMap { text in
      text.last == "%" ? Self.number(Self.trimmed(text.dropLast())).map { $0 / 100 } : nil
    }
    guard let value = percents ?? plain.flatMap(Self.number) else {
      expected("a share", remedy: "write one as in 80 %")
      return nil
    }
    guard range.contains(value) else {
      let ends = [range.lowerBound, range.upperBound].map { Self.decimal($0 * 100) }
      report("is \(plain ?? found)", remedy: "write \(ends[0]) % to \(ends[1]) %")
      return nil
    }
    return value
  }

  /// "true" or "false".
  func flag() -> Bool? {
    switch plain {
    case "true": return true
    case "false": return false
    default:
      expected("true or false", remedy: "write one of them, without quotation marks")
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

  /// One of the given words, and what it stands for.
  func choice<Value>(_ what: String, of choices: [(word: String, value: Value)]) -> Value? {
    let words = choices.map(\.word)
    guard let text = plain ?? quoted else {
      expected(what, remedy: "write \(Self.list(words))")
      return nil
    }
    if let choice = choices.first(where: { $0.word == text }) { return choice.value }
    let meant = Spelling.nearest(to: text, of: words).map { "did you mean \($0)? " } ?? ""
    expected(
      what, remedy: "\(meant)There \(words.count == 1 ? "is" : "are") \(Self.list(words, "and"))")
    return nil
  }

  private var quoted: String? {
    guard case .scalar(let scalar) = node else { return nil }
    return scalar.string
  }

  private static func whole(_ text: String) -> Int? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard let first = digits.utf8.first, first != UInt8(ascii: "_"),
      digits.utf8.allSatisfy({ "0123456789_".utf8.contains($0) })
    else { return nil }
    // A number that is too large for the machine is a number all the same.
    let sign = digits.count < text.count ? -1 : 1
    return Int(text.filter { $0 != "_" }) ?? (sign > 0 ? .max : .min)
  }

  private static func extent(_ range: ClosedRange<Int>) -> String {
    range.upperBound >= Int.max >> 1
      ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
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

  /// "a", "a or b", "a, b or c".
  static func list(_ words: [String], _ link: String = "or") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "nothing" }
    return words.dropLast().joined(separator: ", ") + " \(link) \(last)"
  }

  static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " }
    return String(start.reversed().drop { $0 == " " }.reversed())
  }
}
