/// The spread of a model's test accuracy, or its Dice coefficient, over the clients.
///
/// Where each client is one of the data's users and the data tells whose the test samples are, it
/// is that on the client's own. Elsewhere each client sees the model through its own labels: its
/// accuracy is Σ_c p_c · acc_c: acc_c is the share of the test samples of class c that are
/// classified rightly, and p_c the share of class c among the client's training samples. So it is
/// what the model is worth to somebody with that mix of labels.
public struct Fairness: Hashable, Sendable, Codable {
  /// The number of clients with a value.
  public var clients: Int
  /// The mean over the clients, each counting once.
  public var mean: Double
  /// The worst client's accuracy.
  public var minimum: Double
  /// The accuracy that a tenth of the clients stays below: the 10th percentile, interpolated.
  public var lowestTenth: Double
  /// The accuracy that half of the clients reaches.
  public var median: Double
  /// The best client's accuracy.
  public var maximum: Double
  /// The standard deviation over the clients.
  public var deviation: Double

  private enum CodingKeys: String, CodingKey {
    case clients, mean, median
    case minimum = "min"
    case lowestTenth = "percentile10"
    case maximum = "max"
    case deviation = "standardDeviation"
  }
}

extension Fairness {
  /// The spread of the clients' accuracies; nil if there are none.
  public init?(of accuracies: [Double]) {
    guard !accuracies.isEmpty else { return nil }
    let sorted = accuracies.sorted()
    let count = Double(sorted.count)
    let mean = sorted.reduce(0, +) / count
    let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.init(
      clients: sorted.count, mean: mean, minimum: sorted[0], lowestTenth: sorted.quantile(0.1),
      median: sorted.quantile(0.5), maximum: sorted[sorted.count - 1],
      deviation: (squares / count).squareRoot())
  }

  /// The spread over clients with the given labels.
  ///
  /// Classes without test samples are left out of a client's mix, and clients with no others out of
  /// the spread.
  ///
  /// - Parameters:
  ///   - labels: The number of training samples of each class that each client has, a row per
  ///     client.
  ///   - accuracies: The accuracy on the test samples of each class; nil where there are none.
  public init?(labels: [[Int]], classAccuracies accuracies: [Double?]) {
    self.init(
      of: labels.compactMap { counts in
        var (samples, right) = (0, 0.0)
        for (count, accuracy) in zip(counts, accuracies) {
          guard let accuracy else { continue }
          samples += count
          right += Double(count) * accuracy
        }
        return samples > 0 ? right / Double(samples) : nil
      })
  }
}

extension Array<Double> {
  /// The value below which a `share` of the values lies, interpolated between neighbours; the array
  /// must be sorted.
  func quantile(_ share: Double) -> Double {
    precondition(!isEmpty, "a quantile of nothing")
    let place = share * Double(count - 1)
    let lower = Int(place)
    let upper = Swift.min(lower + 1, count - 1)
    return self[lower] + (place - Double(lower)) * (self[upper] - self[lower])
  }
}
