package import Measures
package import Tensors

/// The batches of one client's local training in one round: epochs over its samples, each in a new
/// random order.
///
/// A batch is as large as its buffer; an epoch's last one is smaller. What sample comes at which
/// place and how it is augmented depends on the stream's key alone, not on the batch size. Filling
/// allocates nothing.
package struct ClientBatches: BatchSource, Sendable {
  /// The shape of the inputs after augmentation, `[C, H, W]`.
  package let input: Shape
  /// The number of samples over all epochs.
  package let total: Int

  private let dataset: Dataset
  private let epochs: Int
  private let stream: RandomStream
  private var order: [Int]
  private var writer: SampleWriter
  private var epoch = 0
  private var next = 0

  /// Batches over `samples` of `dataset`.
  ///
  /// - Parameters:
  ///   - dataset: The data set of the samples.
  ///   - samples: The client's samples, as a partition deals them.
  ///   - epochs: The number of times that each sample comes, E in FedAvg.
  ///   - augmentation: The changes to each image.
  ///   - stream: The chance of this client in this round: `root.stream("batches", client, round)`.
  package init(
    dataset: Dataset, samples: [Int], epochs: Int = 1, augmentation: Augmentation = .none,
    stream: RandomStream
  ) {
    precondition(epochs >= 0, "\(epochs) epochs")
    precondition(
      samples.allSatisfy { (0..<dataset.count).contains($0) },
      "a sample isn't among the \(dataset.count) of \(dataset.name)")
    self.dataset = dataset
    self.epochs = epochs
    self.stream = stream
    order = samples
    total = samples.count * epochs
    writer = SampleWriter(dataset: dataset, augmentation: augmentation)
    input = augmentation.output(of: dataset.input)
    next = samples.count
  }

  /// Fills `batch` with the epoch's next samples.
  package mutating func fill(_ batch: inout Batch) {
    batch.count = 0
    if next == order.count {
      guard epoch < epochs, !order.isEmpty else { return }
      var shuffle = stream.stream("order", epoch)
      shuffle.shuffle(&order)
      writer.stream = stream.stream("augmentation", epoch)
      epoch += 1
      next = 0
    }
    let count = min(batch.capacity, order.count - next)
    for place in 0..<count {
      writer.write(order[next], from: dataset, serial: next, at: place, of: &batch)
      next += 1
    }
    batch.count = count
  }
}

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
