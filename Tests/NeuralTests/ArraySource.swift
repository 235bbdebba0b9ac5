import Tensors

/// Given samples, in order, `epochs` times; each epoch ends with a smaller batch if need be.
struct ArraySource: BatchSource {
  let inputs: [Float]
  let labels: [Int32]
  var epochs = 1
  var next = 0

  init(inputs: [Float], labels: [Int32], epochs: Int = 1) {
    self.inputs = inputs
    self.labels = labels
    self.epochs = epochs
  }

  mutating func fill(_ batch: inout Batch) {
    let scalars = batch.inputs.count / batch.capacity
    let each = batch.labels.count / batch.capacity
    let samples = labels.count / each
    if next == samples, epochs > 1 { (next, epochs) = (0, epochs - 1) }
    batch.count = min(batch.capacity, samples - next)
    for index in 0..<batch.count * scalars {
      batch.inputs[index] = inputs[next * scalars + index]
    }
    for index in 0..<batch.count * each { batch.labels[index] = labels[next * each + index] }
    next += batch.count
  }
}

/// Batches of given sizes, one after the other.
struct BatchesSource: BatchSource {
  var batches: [(inputs: [Float], labels: [Int32])]

  mutating func fill(_ batch: inout Batch) {
    guard !batches.isEmpty else {
      batch.count = 0
      return
    }
    let (inputs, labels) = batches.removeFirst()
    batch.count = labels.count / (batch.labels.count / batch.capacity)
    batch.inputs.replaceSubrange(inputs.indices, with: inputs)
    batch.labels.replaceSubrange(labels.indices, with: labels)
  }
}
