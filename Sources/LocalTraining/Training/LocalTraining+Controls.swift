import Codecs
import Federation
import Tensors
import Topology

extension LocalTraining {
  /// The trained segments, with their places in the model; none unless gradients are corrected.
  func controlled(_ stage: NetworkOfStage) -> [(index: Int, layout: ParameterLayout)] {
    guard workload.topology.training.correction == .scaffold else { return [] }
    return trainable.sorted().map { ($0, stage.layouts[$0]) }
  }

  /// What the broker tells of its controls, ĉ, by the segments' places; those that never moved aren't there.
  func sentControls(_ stage: NetworkOfStage) throws -> [Int: ParameterVector] {
    let limit = workload.topology.codecs.down.smallTensorLimit
    var sent: [Int: ParameterVector] = [:]
    for (index, layout) in controlled(stage) {
      guard let state = states.last(where: { $0.name == layout.control.name }) else { continue }
      sent[index] = try state.values(layout: layout.control, smallTensorLimit: limit)
    }
    return sent
  }

  /// What is added to the gradients of all segments, ĉ − cᵢ; nil where they aren't corrected.
  func correction(
    _ stage: NetworkOfStage, _ memory: ClientMemory?, _ sent: [Int: ParameterVector]
  ) -> [ParameterVector]? {
    guard let controls = memory?.controls else { return nil }
    return stage.layouts.enumerated().map { index, layout in
      trainable.contains(index)
        ? controls.correction(of: layout, sent: sent[index])
        : ParameterVector(layout: layout, scalars: Array(repeating: 0, count: layout.count))
    }
  }

  /// Moves the client's controls by what the broker will read of its update: its encoded `parts`.
  func step(
    _ memory: inout ClientMemory?, by parts: [[UInt8]], of stage: NetworkOfStage,
    _ sent: [Int: ParameterVector], steps: Int
  ) throws(CodecError) {
    guard memory?.controls != nil else { return }
    let (localSteps, factors) = (workload.topology.training.localSteps, rateFactors)
    for (part, (index, layout)) in zip(parts, controlled(stage)) {
      let rate = task.learningRate * factors[index]
      guard let reach = localSteps.reach(of: steps, rate: rate) else { continue }
      memory?.controls?.step(
        try codec.decode(part, layout: layout), sent: sent[index], reach: reach)
    }
  }
}
