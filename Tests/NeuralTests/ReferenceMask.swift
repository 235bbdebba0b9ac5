import Foundation
import Neural

/// One sample's logits `[C, H, W]` and labels in 64-bit floats, to compare losses with.
struct ReferenceMask {
  let logits: [Double]
  let labels: [Int32]

  func loss(_ loss: PixelLoss) -> Double {
    let pixels = labels.count, classes = logits.count / pixels
    var entropy = 0.0
    var both = Array(repeating: 0.0, count: classes)
    var sums = both
    for pixel in 0..<pixels {
      let row = (0..<classes).map { logits[$0 * pixels + pixel] }
      let peak = row.max() ?? 0
      let powers = row.map { exp($0 - peak) }
      let total = powers.reduce(0, +)
      let label = Int(labels[pixel])
      entropy += log(total) + peak - row[label]
      for c in 0..<classes { sums[c] += powers[c] / total + (c == label ? 1 : 0) }
      both[label] += powers[label] / total
    }
    entropy /= Double(pixels)
    let coefficients = (1..<classes).map { (2 * both[$0] + 1) / (sums[$0] + 1) }
    let dice = 1 - coefficients.reduce(0, +) / Double(coefficients.count)
    return switch loss {
    case .crossEntropy: entropy
    case .dice: dice
    case .crossEntropyAndDice: entropy + dice
    }
  }
}
