package import Tensors

/// The batches of an evaluation: a range of samples in their own order, once.
package struct SequentialBatches: BatchSource, Sendable {
  /// The shape of the inputs after cropping, `[C, H, W]`.
  package let input: Shape

  private let dataset: Dataset
  private let samples: Range<Int>
  private var writer: SampleWriter
  private var next: Int

  /// Batches over `samples` of `dataset`, all of them unless given, with the centre of what `augmentation` crops to.
  package init(
    dataset: Dataset, samples: Range<Int>? = nil, augmentation: Augmentation = .none
  ) {
    let samples = samples ?? 0..<dataset.count
    precondition(
      samples.lowerBound >= 0 && samples.upperBound <= dataset.count,
      "samples \(samples) of \(dataset.count) of \(dataset.name)")
    self.dataset = dataset
    self.samples = samples
    writer = SampleWriter(dataset: dataset, augmentation: augmentation.forEvaluation)
    input = augmentation.output(of: dataset.input)
    next = samples.lowerBound
  }

  /// Fills `batch` with the next samples.
  package mutating func fill(_ batch: inout Batch) {
    let count = min(batch.capacity, samples.upperBound - next)
    for place in 0..<count {
      writer.write(next, from: dataset, serial: next, at: place, of: &batch)
      next += 1
    }
    batch.count = count
  }
}
