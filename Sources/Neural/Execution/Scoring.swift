import CNeuralKernels
import OneDNN

/// Computes the loss of a batch, what it was right about, and the gradient of the mean loss.
struct Scoring {
  private let batch: Int
  private let classes: Int
  private let objective: Objective
  private let layout: neural_layout
  private let logits: Region
  private let gradient: Region?
  private let share: Float

  /// Scoring of `logits`, which lie as `descriptor` says; `gradient` lies like them, nil to leave
  /// it out.
  ///
  /// The gradient is multiplied by `share`, what the logits' loss counts in the whole.
  init(
    _ network: Network, batch: Int, logits: Region, as descriptor: MemoryDescriptor,
    gradient: Region?, share: Float
  ) {
    guard let layout = descriptor.kernelLayout else {
      preconditionFailure("logits \(descriptor.dimensions) in a layout that no layer here makes")
    }
    self.batch = batch
    classes = network.classes
    objective = network.objective
    self.layout = layout
    self.logits = logits
    self.gradient = gradient
    self.share = share
  }

  /// The score of the batch's labels, which are checked.
  func score(_ labels: [Int32]) -> Evaluation {
    let needed = batch * labelsPerSample
    precondition(labels.count >= needed, "\(labels.count) labels for \(needed)")
    for label in labels.prefix(needed) {
      precondition((0..<Int32(classes)).contains(label), "label \(label) of \(classes) classes")
    }
    var evaluation = Evaluation()
    evaluation.samples = batch
    evaluation.labels = needed
    let score: neural_score
    switch objective {
    case .classes where isRowMajor:
      // SAFETY: self keeps the regions alive, and the labels were counted and compared.
      score = unsafe labels.withUnsafeBufferPointer { labels in
        unsafe neural_cross_entropy(
          Int64(batch), Int64(classes), logits.floats.baseAddress, labels.baseAddress,
          gradient?.floats.baseAddress)
      }
    case .classes:
      score = unsafe pixels(labels, .crossEntropy, confusion: nil)
    case .pixels(let loss) where gradient != nil:
      // A training step has no use for the confusion.
      score = unsafe pixels(labels, loss, confusion: nil)
    case .pixels(let loss):
      var confusion = [Int64](repeating: 0, count: classes * classes)
      // SAFETY: the confusion has a count for each pair of classes.
      score = unsafe confusion.withUnsafeMutableBufferPointer {
        unsafe pixels(labels, loss, confusion: $0.baseAddress)
      }
      evaluation.confusion = confusion.map(Int.init)
    }
    evaluation.correct = Int(score.correct)
    evaluation.lossSum = score.loss_sum
    if share != 1, let gradient {
      // SAFETY: self keeps the region alive.
      unsafe neural_scale(
        Int64(gradient.floats.count), gradient.floats.baseAddress, share)
    }
    return evaluation
  }

  /// The logits in row-major order.
  func rowMajorLogits() -> [Float] {
    let (lanes, spatial) = (Int(layout.lanes), Int(layout.spatial))
    let (channels, blocks) = (Int(layout.channels), Int(layout.blocks))
    let scalars = logits.read(count: batch * blocks * spatial * lanes)
    guard lanes > 1 else { return scalars }
    var result: [Float] = []
    result.reserveCapacity(batch * channels * spatial)
    for sample in 0..<batch {
      for channel in 0..<channels {
        let block = (sample * blocks + channel / lanes) * spatial
        for position in 0..<spatial {
          result.append(scalars[(block + position) * lanes + channel % lanes])
        }
      }
    }
    return result
  }

  private var labelsPerSample: Int {
    switch objective {
    case .classes: 1
    case .pixels: Int(layout.spatial)
    }
  }

  /// True if a sample's logits lie side by side.
  private var isRowMajor: Bool { layout.lanes == 1 }

  private func pixels(
    _ labels: [Int32], _ loss: PixelLoss, confusion: UnsafeMutablePointer<Int64>?
  ) -> neural_score {
    let weights = loss.weights
    let terms = neural_pixel_terms(cross_entropy: weights.crossEntropy, dice: weights.dice)
    // SAFETY: self keeps the regions alive, the layout was read off their descriptor, and the
    // labels were counted and compared.
    return unsafe labels.withUnsafeBufferPointer { labels in
      unsafe neural_pixel_loss(
        layout, terms, logits.floats.baseAddress, labels.baseAddress,
        gradient?.floats.baseAddress, confusion)
    }
  }
}
