import ArgumentParser

/// Clients as written on the command line: "0-49" or "3,7,10-12".
struct ClientRange: ExpressibleByArgument, CustomStringConvertible {
  /// The clients in rising order, each once.
  let numbers: [Int]
  /// The text as written.
  let description: String

  init?(argument: String) {
    var numbers: Set<Int> = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first >= 0, first <= last, last < 10_000_000
      else { return nil }
      numbers.formUnion(first...last)
    }
    self.numbers = numbers.sorted()
    description = argument
  }
}
