/// Clients as people write them: "0-49" or "3,7,10-12".
package struct ClientRange: Hashable, Sendable, LosslessStringConvertible {
  /// The clients in rising order, each once.
  package let numbers: [Int]
  /// The text as written.
  package let description: String

  /// The highest number that a client can have.
  package static let highest = 9_999_999

  /// Reads numbers and ranges, separated by commas; nil for anything else.
  package init?(_ text: String) {
    var numbers: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first >= 0, first <= last, last <= Self.highest
      else { return nil }
      numbers.formUnion(first...last)
    }
    self.numbers = numbers.sorted()
    description = text
  }

  /// Some clients, each once; written as short as it goes.
  package init(of clients: some Sequence<Int>) {
    numbers = Set(clients).sorted()
    var parts: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = parts.last, last.upperBound + 1 == number {
        parts[parts.count - 1] = last.lowerBound...number
      } else {
        parts.append(number...number)
      }
    }
    description = parts.map { part in
      part.count == 1 ? "\(part.lowerBound)" : "\(part.lowerBound)-\(part.upperBound)"
    }.joined(separator: ",")
  }

  /// All clients below `count`, at least one.
  package init(below count: Int) {
    precondition(count > 0, "\(count) clients")
    numbers = Array(0..<count)
    description = "0-\(count - 1)"
  }

  /// True if the client is among them.
  package func contains(_ client: Int) -> Bool {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < client { low = middle + 1 } else { high = middle }
    }
    return low < numbers.count && numbers[low] == client
  }
}
