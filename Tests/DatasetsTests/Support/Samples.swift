import Datasets
import Measures
import Tensors

/// A data set of byte images whose every pixel is random, with random labels.
func randomDataset(
  count: Int, input: Shape = [1, 4, 5], classes: Int = 3, seed: UInt64 = 1, segmented: Bool = false
) -> Dataset {
  var stream = RandomStream(seed: seed)
  let area = segmented ? input.dimensions[1] * input.dimensions[2] : 1
  return Dataset(
    name: "random", input: input, classes: classes,
    normalization: Normalization(
      means: (0..<input.dimensions[0]).map { 0.25 + 0.1 * Float($0) },
      deviations: (0..<input.dimensions[0]).map { 0.5 + 0.25 * Float($0) }),
    pixels: .bytes((0..<count * input.count).map { _ in UInt8(truncatingIfNeeded: stream.next()) }),
    labels: (0..<count * area).map { _ in UInt16(stream.next() % UInt64(classes)) },
    labelsPerSample: area)
}

/// Labels in which class k of `classes` comes `samples / classes` times, in random order.
func balancedLabels(_ samples: Int, classes: Int, seed: UInt64) -> [Int] {
  var stream = RandomStream(seed: seed)
  return (0..<samples).map { $0 % classes }.shuffled(using: &stream)
}

/// A buffer that fits what `source` fills.
func buffer(_ capacity: Int, for dataset: Dataset, input: Shape) -> Batch {
  Batch(
    capacity: capacity, input: input,
    labelsPerSample: dataset.isSegmentation ? input.dimensions[1] * input.dimensions[2] : 1)
}
