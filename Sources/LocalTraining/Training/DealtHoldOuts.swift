import Datasets
import Measures

/// The test samples of a data set that is dealt out, as its clients' hold-outs.
///
/// A client has those of its own user where the data tells whose they are. Elsewhere the samples of
/// each class go to the clients by the shares of that class that they train on, so that each
/// client's hold-out is a mix like its own; pixels' labels count as one class. Each sample is one
/// client's, so that all clients together see the whole test set.
struct DealtHoldOuts {
  /// The places of each client's samples in the test set, in rising order.
  let places: [[Int]]

  /// The hold-outs of clients that train on the `training` samples; `own` are the test samples of
  /// users, empty where they aren't known.
  init(_ split: DatasetSplit, training: [[Int]], own: [Int: [Int]], stream: RandomStream) {
    guard own.isEmpty else {
      places = training.indices.map { (own[$0] ?? []).sorted() }
      return
    }
    var places = training.map { _ in [Int]() }
    let test = Self.byClass(split.test, Array(0..<split.test.count))
    let held = training.map { samples in Self.byClass(split.train, samples).mapValues(\.count) }
    for (label, samples) in test.sorted(by: { $0.key < $1.key }) {
      let weights = held.map { $0[label] ?? 0 }
      // A class that nobody trains on is nobody's.
      guard weights.contains(where: { $0 > 0 }) else { continue }
      var chance = stream.stream("class", label)
      let shuffled = samples.shuffled(using: &chance)
      var start = 0
      for (client, end) in Self.ends(of: samples.count, by: weights).enumerated() {
        places[client] += shuffled[start..<end]
        start = end
      }
    }
    self.places = places.map { $0.sorted() }
  }

  /// The samples of each class; of one class where pixels are labelled.
  private static func byClass(_ dataset: Dataset, _ samples: [Int]) -> [Int: [Int]] {
    guard !dataset.isSegmentation else { return [0: samples] }
    return Dictionary(grouping: samples) { Int(dataset.labels[$0]) }
  }

  /// The ends of shares of `count` things by weights, each rounded down along the sum.
  private static func ends(of count: Int, by weights: [Int]) -> [Int] {
    let total = weights.reduce(0, +)
    var sum = 0
    return weights.map { weight in
      sum += weight
      return count * sum / total
    }
  }
}
