package import Tensors

/// The batches of an evaluation: some samples in their own order, once.
package struct SequentialBatches: BatchSource, Sendable {
  /// The shape of the inputs after cropping, `[C, H, W]`.
  package let input: Shape

  private let dataset: Dataset
  private let samples: [Int]
  private var writer: SampleWriter
  private var next: Int

  /// Batches over `samples` of `dataset`, with the centre of what `augmentation` crops to.
  package init(
    dataset: Dataset, samples: some Collection<Int>, augmentation: Augmentation = .none
  ) {
    precondition(
      samples.allSatisfy { (0..<dataset.count).contains($0) },
      "samples beyond the \(dataset.count) of \(dataset.name)")
    self.dataset = dataset
    self.samples = Array(samples)
    writer = SampleWriter(dataset: dataset, augmentation: augmentation.forEvaluation)
    input = augmentation.output(of: dataset.input)
    next = 0
  }

  /// Batches over all samples of `dataset`, with the centre of what `augmentation` crops to.
  package init(dataset: Dataset, augmentation: Augmentation = .none) {
    self.init(dataset: dataset, samples: 0..<dataset.count, augmentation: augmentation)
  }

  /// Fills `batch` with the next samples.
  package mutating func fill(_ batch: inout Batch) {
    let count = min(batch.capacity, samples.count - next)
    for place in 0..<count {
      let sample = samples[next]
      writer.write(sample, from: dataset, serial: sample, at: place, of: &batch)
      next += 1
    }
    batch.count = count
  }
}
