import Codecs
import Federation
import Tensors
import Topology

extension LocalTraining {
  /// The trained segments, with their places in the model; none unless gradients are corrected.
  func corrected(_ stage: NetworkOfStage) -> [(index: Int, layout: ParameterLayout)] {
    guard workload.topology.training.correction == .scaffold else { return [] }
    return trainable.sorted().map { ($0, stage.layouts[$0]) }
  }

  /// The broker's control variates as they were sent, ĉ, by the segments' places.
  ///
  /// Those that never moved aren't there.
  func sentControlVariates(_ stage: NetworkOfStage) throws -> [Int: ParameterVector] {
    let limit = workload.topology.codecs.down.smallTensorLimit
    var sent: [Int: ParameterVector] = [:]
    for (index, layout) in corrected(stage) {
      guard let state = states.last(where: { $0.name == layout.controlVariate.name }) else {
        continue
      }
      sent[index] = try state.values(layout: layout.controlVariate, smallTensorLimit: limit)
    }
    return sent
  }

  /// The additions to the gradients of all segments, ĉ − cᵢ; nil where they aren't corrected.
  func correction(
    _ stage: NetworkOfStage, _ memory: ClientMemory?, _ sent: [Int: ParameterVector]
  ) -> [ParameterVector]? {
    guard let variates = memory?.controlVariates else { return nil }
    return stage.layouts.enumerated().map { index, layout in
      trainable.contains(index)
        ? variates.correction(of: layout, sent: sent[index])
        : .zero(of: layout)
    }
  }

  /// Moves the client's control variates by its update as the broker will decode it: its encoded
  /// `parts`.
  func step(
    _ memory: inout ClientMemory?, by parts: [[UInt8]], of stage: NetworkOfStage,
    _ sent: [Int: ParameterVector], steps: Int
  ) throws(CodecError) {
    guard memory?.controlVariates != nil else { return }
    let (localSteps, factors) = (workload.topology.training.localSteps, rateFactors)
    for (part, (index, layout)) in zip(parts, corrected(stage)) {
      let rate = task.learningRate * factors[index]
      guard let reach = localSteps.reach(of: steps, rate: rate) else { continue }
      memory?.controlVariates?.step(
        try codec.decode(part, layout: layout), sent: sent[index], reach: reach)
    }
  }
}
