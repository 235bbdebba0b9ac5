import OneDNN
import Tensors

/// A network compiled for one batch size and one set of trained segments, bound to memory.
final class ExecutionPlan {
  /// The number of samples, B.
  let batch: Int
  private let input: Region
  private let scoring: Scoring
  /// The scorings of the other heads, where they supervise a training.
  private let auxiliary: [Scoring]
  private let forward: [any Action]
  private let backward: [any Action]

  /// Binds what was compiled to the beginning of `arena`.
  init(_ compiler: Compiler, network: Network, arena: Storage) throws(DNNLError) {
    batch = compiler.batch
    let binding = Binding(
      arena: arena.region, offsets: compiler.arena.reservations.map { ($0.offset, $0.byteCount) },
      parameters: compiler.parameters, engine: compiler.engine)
    input = binding.region(compiler.value(0))
    let graph = compiler.graph
    let others = compiler.trainable.isEmpty ? [] : graph.auxiliaryResults
    func makeScoring(_ result: Int) -> Scoring {
      let logits = compiler.value(result)
      let learns = graph.nodes.contains { $0.output == result && compiler.isActive($0) }
      return Scoring(
        network, batch: compiler.batch, logits: binding.region(logits), as: logits.descriptor,
        gradient: learns ? binding.region(compiler.gradient(result)) : nil,
        share: 1 / Float(others.count + 1))
    }
    scoring = makeScoring(graph.result)
    auxiliary = others.map(makeScoring)
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
  /// The answers are the last head's. In a training the loss is the mean of all heads', and the
  /// gradient of the mean loss is left where a backward pass starts from it.
  func score(_ labels: [Int32]) -> Evaluation {
    var evaluation = scoring.score(labels)
    for other in auxiliary { evaluation.lossSum += other.score(labels).lossSum }
    evaluation.lossSum /= Double(auxiliary.count + 1)
    return evaluation
  }

  /// The gradients of the trained segments, from the gradient of the loss.
  func runBackward(_ step: Step) throws(DNNLError) {
    for action in backward { try action.run(step) }
  }

  /// The logits of the batch last run forward, row-major `[B, C]` or `[B, C, H, W]`.
  var predictions: [Float] { scoring.rowMajorLogits() }
}
