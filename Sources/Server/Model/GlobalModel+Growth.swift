import Federation
import LocalTraining
import Measures
import Models
import Progressive
package import Tensors
import Topology

extension GlobalModel {
  /// Gives values to the segments that are new at `stage`.
  ///
  /// Of a growing model that passes stages over, these are also the heads of the stages on the way,
  /// for clients whose memory ends there.
  ///
  /// - Returns: Those of them that were drawn from the seed, and not given by a file or by what was
  ///   learnt.
  mutating func grow(to stage: Int) -> Set<SegmentName> {
    // There is nothing to go on from where the run begins.
    let isFirst = values[.block(1)] == nil
    var drawn: Set<SegmentName> = []
    for next in Array(stagesPassed(on: stage)) + [stage] {
      if !isFirst {
        carryHead(to: next)
        carryBlock(to: next)
        continueModel(into: next)
      }
      draw(workload.network(stage: next).layouts, for: stage, &drawn)
    }
    return drawn
  }

  /// The stages without rounds between those that there are and `stage`.
  private func stagesPassed(on stage: Int) -> Range<Int> {
    let topology = workload.topology
    // A model that goes on after its run has the heads that it had.
    guard topology.strategy.grows, !topology.strategy.usesAllHeads,
      topology.overrides.extended == nil, values[.head(stage)] == nil
    else { return stage..<stage }
    let last = (1..<max(1, stage)).last { values[.head($0)] != nil } ?? 0
    return last + 1..<stage
  }

  /// Gives segments without values some out of the file, or of the seed of the stage that the model
  /// grows to.
  private mutating func draw(
    _ layouts: [ParameterLayout], for stage: Int, _ drawn: inout Set<SegmentName>
  ) {
    for layout in layouts where values[layout.segment] == nil {
      values[layout.segment] =
        workload.start?.segments[layout.name] ?? fresh(layout, stage: stage).values(of: layout)
      if workload.start?.segments[layout.name] == nil { drawn.insert(layout.segment) }
    }
  }

  /// The values of the full model as they would be if all remaining stages began now, in the order
  /// of the wire.
  ///
  /// The model of an early stage is seen as a point of the full model's space, in which the later
  /// blocks and the last head have their initial values.
  package func fullModel(from stage: Int) -> [ParameterVector] {
    let last = workload.topology.architecture.stages
    var grown = self
    for next in stage...max(stage, last) where next > stage { _ = grown.grow(to: next) }
    return grown.parameters(stage: last)
  }

  /// Gives a stage's head the values of the one that it replaces, where the architecture says so.
  private mutating func carryHead(to stage: Int) {
    guard stage > 1, workload.topology.architecture.carriesHead(to: stage),
      values[.head(stage)] == nil,
      let old = values[.head(stage - 1)],
      let layout = workload.network(stage: stage).layouts.last,
      workload.start?.segments[layout.name] == nil, layout.hasShapes(of: old.layout)
    else { return }
    values[.head(stage)] = ParameterVector(layout: layout, scalars: old.scalars)
  }

  /// Gives a stage's block the values of the one before, where the architecture says so.
  private mutating func carryBlock(to stage: Int) {
    let name = SegmentName.block(stage)
    guard stage > 1, workload.topology.architecture.carriesBlock(to: stage), values[name] == nil,
      let old = values[.block(stage - 1)],
      let layout = workload.network(stage: stage).layouts.first(where: { $0.segment == name }),
      workload.start?.segments[layout.name] == nil
    else { return }
    values[name] = ParameterVector(layout: layout, scalars: old.scalars)
  }

  /// Has a new block and head go on from the function that the model computed without them, where
  /// the topology says so.
  private mutating func continueModel(into stage: Int) {
    let topology = workload.topology
    guard topology.entry == .continued, topology.strategy.grows, stage > 1,
      values[.block(stage)] == nil, values[.head(stage)] == nil,
      workload.start?.segments["\(SegmentName.block(stage))"] == nil
    else { return }
    let previous = parameters(stage: stage - 1)
    guard previous.count == stage,
      let new = topology.architecture.continuation(
        stage: stage, from: previous, random: initialization(stage))
    else { return }
    values[.block(stage)] = new.block
    values[.head(stage)] = new.head
  }

  /// The values that a stage's segment draws from the seed.
  func fresh(_ layout: ParameterLayout, stage: Int) -> FreshValues {
    FreshValues(random: initialization(stage).stream(layout.name))
  }

  /// The stream from which the fresh values of a stage's segments are drawn.
  private func initialization(_ stage: Int) -> RandomStream {
    RandomStream(seed: seed).stream("initialize", stage)
  }
}
