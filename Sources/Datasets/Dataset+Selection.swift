package import Measures
import Tensors

extension Dataset {
  /// One class per sample, as a partition by label sees it.
  ///
  /// A segmented sample counts for its most frequent class but the background, 0; for 0 where it
  /// shows nothing else.
  package var dominantLabels: [Int] {
    guard isSegmentation else { return labels.map(Int.init) }
    return (0..<count).map { sample in
      var frequencies = Array(repeating: 0, count: classes)
      for label in labels[sample * labelsPerSample..<(sample + 1) * labelsPerSample] where label > 0
      {
        frequencies[Int(label)] += 1
      }
      var dominant = 0
      for label in 1..<max(classes, 1) where frequencies[label] > frequencies[dominant] {
        dominant = label
      }
      return dominant
    }
  }

  /// Some samples, each as likely as any other, in their own order; all of them where there are no
  /// more.
  package func drawn(_ count: Int, stream: RandomStream) -> Dataset {
    precondition(count >= 0, "\(count) samples drawn")
    guard count < self.count else { return self }
    var order = stream
    let chosen = order.permutation(self.count).prefix(count).sorted()
    func kept<Value>(_ values: [Value], each: Int) -> [Value] {
      chosen.flatMap { values[$0 * each..<($0 + 1) * each] }
    }
    let pixels: Pixels =
      switch pixels {
      case .bytes(let values): .bytes(kept(values, each: input.count))
      case .floats(let values): .floats(kept(values, each: input.count))
      }
    return Dataset(
      name: name, input: input, classes: classes, normalization: normalization, pixels: pixels,
      labels: kept(labels, each: labelsPerSample), labelsPerSample: labelsPerSample,
      users: users.map { kept($0, each: 1) }, userNames: userNames, regions: regions)
  }

  /// The first `limit` samples; all of them where there are no more.
  package func first(_ limit: Int) -> Dataset {
    precondition(limit >= 0, "the first \(limit) samples")
    guard limit < count else { return self }
    let kept: Pixels =
      switch pixels {
      case .bytes(let values): .bytes(Array(values.prefix(limit * input.count)))
      case .floats(let values): .floats(Array(values.prefix(limit * input.count)))
      }
    return Dataset(
      name: name, input: input, classes: classes, normalization: normalization, pixels: kept,
      labels: Array(labels.prefix(limit * labelsPerSample)), labelsPerSample: labelsPerSample,
      users: users.map { Array($0.prefix(limit)) }, userNames: userNames, regions: regions)
  }
}
