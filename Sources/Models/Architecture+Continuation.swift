public import Measures
import Neural
public import Tensors

extension Architecture {
  /// Values for the newest block and its head with which the sub-model answers nearly as the one
  /// before did.
  ///
  /// Exact, but for rounding, in an evaluation where the block is convolutions of step 1 that pad
  /// what their windows need, affine maps, dropout, batch norms and residual blocks whose shortcut
  /// is empty; near where it pools, steps over pixels or normalizes otherwise. Batch norms follow
  /// their batch in a training.
  ///
  /// - Parameters:
  ///   - stage: The stage s that begins, from 2 to S.
  ///   - previous: The values of the stage before: blocks 1 … s − 1, head s − 1.
  ///   - random: The stream of the values that carry nothing over, as for
  ///     `initialize(stage:random:)`.
  /// - Returns: Block s and head s; nil where a layer can't pass on what the old head read, where
  ///   that head isn't one affine map of channels, and for networks whose blocks lie in each other.
  public func continuation(
    stage: Int, from previous: [ParameterVector], random: RandomStream
  ) -> (block: ParameterVector, head: ParameterVector)? {
    precondition(stage > 1 && stage <= stages, "stage \(stage) after another, of \(stages)")
    precondition(
      previous.map(\.layout) == layouts(stage: stage - 1),
      "parameters \(previous.map(\.layout.name)) for stage \(stage - 1)")
    guard supportsAllHeads, let input else { return nil }
    let (block, head) = (blocks[stage - 1], heads[stage - 1])
    guard let old = heads[stage - 2].readerOfChannels,
      case .linear(let new)? = head.layers.last, head.returning.isEmpty
    else { return nil }
    var features = FeatureStatistics(unknown: input.dimensions[0])
    for (block, values) in zip(blocks, previous.dropLast()) {
      features.pass(block.layers, of: values)
    }
    let oldHead = previous[stage - 1]
    let row = oldHead.row(0, of: "\(old.name).weight", count: old.outputs)
    guard row.count == features.channels.count else { return nil }
    var continuation = Continuation(
      of: features, to: initialize(segment: stage - 1, stage: stage, random: random))
    guard continuation.carry(through: block.layers) else { return nil }
    let first = continuation.values
    continuation.values = initialize(segment: stage, stage: stage, random: random)
    guard continuation.carry(through: head.layers.dropLast()),
      continuation.read(by: new, as: old, of: oldHead)
    else { return nil }
    return (first, continuation.values)
  }
}

extension Block {
  /// The affine map, if the block is one of each channel's mean or of flat features.
  fileprivate var readerOfChannels: LinearLayer? {
    guard returning.isEmpty, case .linear(let reader)? = layers.last else { return nil }
    let isMean = layers.dropLast().allSatisfy { layer in
      switch layer {
      case .globalAveragePooling, .adaptiveAveragePooling(1, 1), .flatten, .dropout: true
      default: false
      }
    }
    return isMean ? reader : nil
  }
}
