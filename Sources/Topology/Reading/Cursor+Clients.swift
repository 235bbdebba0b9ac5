extension Cursor {
  /// Clients as in "0-9" or "3, 7, 10-12", each once, in rising order.
  func clients() -> [Int]? {
    var numbers: Set<Int> = []
    for part in (plain ?? "").split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
        .map { Int(Self.trimmed($0)) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first >= 0, first <= last, last < 1_000_000
      else {
        expected("a list of clients", remedy: "write them as in 0-9 or 3,7,10-12")
        return nil
      }
      numbers.formUnion(first...last)
    }
    return numbers.sorted()
  }
}
