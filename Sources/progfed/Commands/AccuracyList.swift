import ArgumentParser

/// Accuracies as written on the command line: "0.8,0.85" or "80%".
struct AccuracyList: ExpressibleByArgument, CustomStringConvertible {
  /// The accuracies in rising order, each in [0, 1].
  let values: [Double]
  /// The text as written.
  let description: String

  init?(argument: String) {
    var values: Set<Double> = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let isPercentage = part.hasSuffix("%")
      guard let number = Double(isPercentage ? part.dropLast() : part) else { return nil }
      let value = isPercentage ? number / 100 : number
      guard (0...1).contains(value) else { return nil }
      values.insert(value)
    }
    self.values = values.sorted()
    description = argument
  }
}
