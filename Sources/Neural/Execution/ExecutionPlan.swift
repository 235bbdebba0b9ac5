import CNeuralKernels
import OneDNN
import Tensors

/// A network compiled for one batch size and one set of trained segments, bound to memory.
final class ExecutionPlan {
  /// The number of samples, B.
  let batch: Int
  private let classes: Int
  private let input: Region
  private let logits: Region
  private let logitsGradient: Region?
  private let forward: [any Action]
  private let backward: [any Action]

  /// Binds what was compiled to the beginning of `arena`.
  init(_ compiler: Compiler, classes: Int, arena: Storage) throws(DNNLError) {
    batch = compiler.batch
    self.classes = classes
    let binding = Binding(
      arena: arena.region, offsets: compiler.arena.reservations.map { ($0.offset, $0.byteCount) },
      parameters: compiler.parameters, engine: compiler.engine)
    input = binding.region(compiler.value(0))
    logits = binding.region(compiler.value(compiler.graph.result))
    let learns = compiler.active.contains(true)
    logitsGradient = learns ? binding.region(compiler.gradient(compiler.graph.result)) : nil
    var (forward, backward): ([any Action], [any Action]) = ([], [])
    for draft in compiler.forward { forward.append(try draft.bind(binding)) }
    for drafts in compiler.backward.reversed() {
      for draft in drafts { backward.append(try draft.bind(binding)) }
    }
    self.forward = forward
    self.backward = backward
  }

  /// The logits of a batch's inputs `[B, C, H, W]`.
  func runForward(_ inputs: [Float], _ step: Step) throws(DNNLError) {
    input.write(inputs, count: input.byteCount / 4)
    for action in forward { try action.run(step) }
  }

  /// The summed loss and the right answers of the batch last run forward.
  ///
  /// Leaves the gradient of the mean loss where a backward pass starts from it.
  func score(_ labels: [Int32]) -> neural_score {
    precondition(labels.count >= batch, "\(labels.count) labels for \(batch) samples")
    for label in labels.prefix(batch) {
      precondition((0..<Int32(classes)).contains(label), "label \(label) of \(classes) classes")
    }
    // SAFETY: self keeps the regions alive, and the labels were counted and compared.
    return unsafe labels.withUnsafeBufferPointer { labels in
      unsafe neural_cross_entropy(
        Int64(batch), Int64(classes), logits.floats.baseAddress, labels.baseAddress,
        logitsGradient?.floats.baseAddress)
    }
  }

  /// The gradients of the trained segments, from the gradient of the loss.
  func runBackward(_ step: Step) throws(DNNLError) {
    for action in backward { try action.run(step) }
  }

  /// The logits of the batch last run forward, row-major `[B, classes]`.
  var predictions: [Float] { logits.read(count: batch * classes) }
}
