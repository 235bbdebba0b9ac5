package import Datasets
import Neural

extension Evaluation {
  /// The mean Dice coefficient over `regions`; nil where samples are labelled as a whole.
  package func meanDice(of regions: [LabelRegion]) -> Double? {
    let coefficients = regions.compactMap { dice(of: $0.classes) }
    guard !coefficients.isEmpty else { return nil }
    return coefficients.reduce(0, +) / Double(coefficients.count)
  }
}
