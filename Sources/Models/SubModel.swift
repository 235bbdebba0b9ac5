public import Neural
public import Tensors

/// A stage's sub-model: its segments and its costs, and its network where the program computes it.
public struct SubModel: Sendable {
  /// The parameters of each segment; the order is that of the wire.
  public let layouts: [ParameterLayout]
  /// The network; nil of a model that trainer programs compute.
  public let network: Network?
  /// The multiplications and additions of a training step for one sample, all segments trained.
  public let trainingFLOPs: Int

  /// The sub-model of a network that the program computes.
  init(_ network: Network) {
    self.network = network
    layouts = network.layouts
    trainingFLOPs = network.trainingFLOPs
  }

  /// A sub-model that trainer programs compute.
  ///
  /// - Parameters:
  ///   - layouts: The parameters of each segment.
  ///   - trainingFLOPs: The operations of training on one sample; nil for six for each scalar, as
  ///     affine maps take.
  init(layouts: [ParameterLayout], trainingFLOPs: Int?) {
    network = nil
    self.layouts = layouts
    self.trainingFLOPs = trainingFLOPs ?? 6 * layouts.reduce(0) { $0 + $1.count }
  }

  /// The number of scalars in all segments.
  public var parameterCount: Int { layouts.reduce(0) { $0 + $1.count } }

  /// The multiplications and additions of a forward pass over one sample; of a model that trainer
  /// programs compute, a third of those of its training.
  public var forwardFLOPs: Int { network?.forwardFLOPs ?? trainingFLOPs / 3 }

  /// The multiplications and additions of a training step for one sample.
  ///
  /// Of a model that trainer programs compute, the passes backwards take as much of theirs as the
  /// trained segments have of the scalars.
  public func trainingFLOPs(trainable: Set<Int>) -> Int {
    if let network { return network.trainingFLOPs(trainable: trainable) }
    let trained = layouts.indices.filter(trainable.contains).reduce(0) { $0 + layouts[$1].count }
    let share = Double(trained) / Double(max(1, parameterCount))
    return forwardFLOPs + Int(Double(trainingFLOPs - forwardFLOPs) * share)
  }

  /// The bytes that the values of `batch` samples take during a training step, gradients left out;
  /// 0 where only a trainer program knows.
  public func activationBytes(batch: Int) -> Int { network?.activationBytes(batch: batch) ?? 0 }
}
