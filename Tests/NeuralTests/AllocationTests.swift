import CAllocations
import Measures
import Models
import Neural
import Tensors
import Testing

/// One batch again and again, noting what the training allocates from one to the next.
private struct AllocationCounter: BatchSource {
  let steps: Int
  var counts: [allocation_count] = []

  init(steps: Int) {
    self.steps = steps
    counts.reserveCapacity(steps + 1)
  }

  mutating func fill(_ batch: inout Batch) {
    counts.append(allocations_end())
    if counts.count == 1 {
      for index in batch.inputs.indices { batch.inputs[index] = Float(index % 7) / 7 - 0.4 }
    }
    batch.count = counts.count <= steps ? batch.capacity : 0
    allocations_begin()
  }
}

@Suite struct `A steady step` {
  /// Memory that oneDNN may ask for within a primitive: lists of arguments, what Winograd's
  /// algorithm notes and, in the products of affine maps, packed copies of a few rows.
  private static let limits = [
    ("resnet18", 1, 32_768), ("vgg16-bn", 2, 32_768), ("convnet", 3, 131_072),
  ]

  @Test(arguments: limits)
  func `allocates no tensor and keeps nothing`(model: String, stage: Int, limit: Int) throws {
    let architecture = try Zoo.architecture(named: model)
    let trainer = try Trainer(network: architecture.network(stage: stage), batch: 2)
    var parameters = architecture.initialize(stage: stage, random: RandomStream(seed: 1))
    var source = AllocationCounter(steps: 8)
    _ = try trainer.train(
      &parameters, source: &source, settings: TrainingSettings(learningRate: 0.01),
      random: RandomStream(seed: 1))
    for count in source.counts[3...8] {
      #expect(count.kept == 0, "\(count)")
      #expect(count.count == source.counts[3].count, "\(count)")
      #expect(count.largest <= limit, "\(count)")
    }
  }

  @Test func `would be seen to allocate if it did`() {
    allocations_begin()
    let tensor = [Float](repeating: 1, count: 1000)
    let count = allocations_end()
    #expect(count.count >= 1 && count.largest >= 4 * tensor.count)
    #expect(count.kept >= 4 * tensor.count)
    allocations_begin()
    let nothing = allocations_end()
    #expect(nothing.count == 0 && nothing.largest == 0 && nothing.kept == 0)
  }
}
