extension Cursor {
  /// Clients as in "0-9" or "3, 7, 10-12", each once, in rising order.
  func clients() -> [Int]? {
    guard let ranges = word.flatMap(Self.clientRanges),
      ranges.allSatisfy({ $0.upperBound < 1_000_000 })
    else {
      expected("a list of clients", remedy: "write them as in 0-9 or 3,7,10-12")
      return nil
    }
    var numbers: [Int] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let first = max(range.lowerBound, (numbers.last ?? -1) + 1)
      if first <= range.upperBound { numbers += first...range.upperBound }
    }
    return numbers
  }

  /// The ranges that `text` names; nil if it is no list of clients.
  static func clientRanges(_ text: String) -> [ClosedRange<Int>]? {
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { end in
        let digits = trimmed(end)
        return digits.utf8.allSatisfy(isDigit) ? Int(digits) : nil
      }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first <= last
      else { return nil }
      ranges.append(first...last)
    }
    return ranges
  }
}
