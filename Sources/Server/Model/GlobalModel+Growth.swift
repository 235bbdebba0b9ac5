import LocalTraining
import Models
import Progressive
import Tensors
import Topology

extension GlobalModel {
  /// The values of the full model as they would be if all remaining stages began now, in the order of the wire.
  ///
  /// What isn't there yet is what it will be initialized to: the model of an early stage is seen as a point of
  /// the full model's space, in which the later blocks and the last head are still untrained.
  func fullModel(from stage: Int) -> [ParameterVector] {
    let last = workload.topology.architecture.stages
    var grown = self
    for next in stage...max(stage, last) where next > stage {
      grown.carryHead(to: next)
      grown.continueModel(into: next)
      for layout in workload.network(stage: next).layouts {
        guard let name = SegmentName(layout.name), grown.values[name] == nil else { continue }
        grown.values[name] = grown.initialize(layout, stage: next)
      }
    }
    return grown.parameters(stage: last)
  }
}
