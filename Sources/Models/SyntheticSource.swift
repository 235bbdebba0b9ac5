import Measures
import Tensors

/// The same batch of normally distributed pixels again and again, noting when it was asked for.
struct SyntheticSource: BatchSource {
  private let steps: Int
  private let classes: Int
  private var random: RandomStream
  /// When each batch was asked for, and last when the source had ended.
  private(set) var instants: [ContinuousClock.Instant] = []

  /// A source of `steps` batches.
  init(steps: Int, classes: Int, random: RandomStream) {
    self.steps = steps
    self.classes = classes
    self.random = random
    instants.reserveCapacity(steps + 1)
  }

  mutating func fill(_ batch: inout Batch) {
    if instants.isEmpty {
      for index in batch.inputs.indices { batch.inputs[index] = Float(random.normal()) }
      for index in batch.labels.indices {
        batch.labels[index] = Int32.random(in: 0..<Int32(classes), using: &random)
      }
    }
    instants.append(.now)
    batch.count = instants.count <= steps ? batch.capacity : 0
  }
}
