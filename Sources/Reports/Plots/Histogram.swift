/// The number of values in each of some bins of equal width.
package struct Histogram {
  /// A bin: from its lower border on, up to that of the next.
  package struct Bin: Hashable, Sendable {
    package let lower: Double
    package let count: Int
  }

  package let bins: [Bin]

  /// Sorts `values` into `count` bins, or fewer where the values are few whole numbers.
  package init(_ values: [Double], bins count: Int = 20) {
    precondition(count > 0, "\(count) bins")
    let values = values.filter(\.isFinite)
    guard let least = values.min(), let most = values.max() else {
      bins = []
      return
    }
    let whole = values.allSatisfy { $0 == $0.rounded() }
    let span = whole ? most - least + 1 : most - least
    guard span > 0 else {
      bins = [Bin(lower: least, count: values.count)]
      return
    }
    let width = whole ? max(1, (span / Double(count)).rounded(.up)) : span / Double(count)
    let used = whole ? Int((span / width).rounded(.up)) : count
    var counts = Array(repeating: 0, count: used)
    for value in values { counts[min(used - 1, Int((value - least) / width))] += 1 }
    bins = counts.enumerated().map { Bin(lower: least + Double($0) * width, count: $1) }
  }
}
