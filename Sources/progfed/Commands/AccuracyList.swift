import ArgumentParser
import Measures

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
      let number = isPercentage ? part.dropLast() : part
      guard let share = Share(number, isPercent: isPercentage), (0...1).contains(share) else {
        return nil
      }
      values.insert(share.value)
    }
    self.values = values.sorted()
    description = argument
  }
}
