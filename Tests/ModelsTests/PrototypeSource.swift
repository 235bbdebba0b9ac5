import Measures
import Tensors

/// Samples of a few classes, each an image of its own under noise, batch after batch.
struct PrototypeSource: BatchSource {
  let input: Shape
  let classes: Int
  var batches: Int
  var noise = 0.7
  var random: RandomStream

  init(input: Shape, classes: Int, batches: Int, random: RandomStream) {
    self.input = input
    self.classes = classes
    self.batches = batches
    self.random = random
  }

  mutating func fill(_ batch: inout Batch) {
    batch.count = batches > 0 ? batch.capacity : 0
    batches -= 1
    for sample in 0..<batch.count {
      let label = Int.random(in: 0..<classes, using: &random)
      batch.labels[sample] = Int32(label)
      // A vector is an image of one row.
      let columns = input.dimensions.last ?? 1
      let prototype = RandomStream(seed: 1).stream("prototype", label)
      for index in 0..<input.count {
        // Patches of a few pixels, so that windows see something.
        let place = UInt64(index / columns / 3 * 31 + index % columns / 3)
        let own = Double(prototype.value(at: place) >> 40) * 0x1p-24 * 3 - 1.5
        batch.inputs[sample * input.count + index] = Float(own + noise * random.normal())
      }
    }
  }
}
