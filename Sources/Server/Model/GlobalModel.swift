import Bytes
import Codecs
import Federation
import Foundation
import LocalTraining
import Measures
import Models
import Progressive
import Tensors
import Topology
import Wire

/// The broker's model: exact values of all segments that exist, and what of them is broadcast.
///
/// A segment keeps its state for as long as its values don't change: in warm-up the older blocks needn't
/// travel again.
struct GlobalModel {
  /// The values of the segments, by name.
  var values: [SegmentName: ParameterVector] = [:]
  /// What of the segments is broadcast.
  var references: [SegmentName: BroadcastReference] = [:]
  /// The segments whose values have changed since they were broadcast.
  var changed: Set<SegmentName> = []
  /// How mean updates become steps.
  var optimizer: ServerOptimizer
  /// How the block moves that the end of a step depends on; nil where none does.
  var movement: EffectiveMovement?
  /// What clients' gradients are corrected by; nil where they aren't.
  var controlVariates: BroadcastControlVariates?
  /// What is learnt.
  let workload: Workload
  private let seed: UInt64

  /// A model without any segment yet.
  init(workload: Workload, seed: UInt64) {
    self.workload = workload
    self.seed = seed
    optimizer = ServerOptimizer(workload.topology.server.rule)
    movement = workload.topology.growthSchedule.trigger.window.map(EffectiveMovement.init(window:))
    controlVariates =
      workload.topology.training.correction == .scaffold ? BroadcastControlVariates() : nil
    guard workload.topology.overrides.extended != nil else { return }
    // Clients whose memory ends early go on with the heads that they had.
    for depth in 1..<workload.topology.architecture.stages {
      values[.head(depth)] = workload.start?.segments["\(SegmentName.head(depth))"]
    }
  }

  private var codecs: CodecsSection { workload.topology.codecs }

  /// Makes what `phase` needs: new segments are initialized, changed ones encoded.
  ///
  /// The heads of earlier stages are kept, for clients whose memory ends there.
  ///
  /// - Returns: The model as it is announced, and the bytes of all steps to it.
  /// - Throws: `CodecError` if a value is no longer finite.
  mutating func prepare(
    _ phase: Phase
  ) throws(CodecError) -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    let stage = workload.network(stage: phase.stage)
    carryHead(to: phase.stage)
    continueModel(into: phase.stage)
    var segments: [Segment] = []
    var steps: [Digest: SharedBuffer] = [:]
    var updateLimit = 0
    for (index, name) in phase.segments.enumerated() {
      let isNew = values[name] == nil
      let value = values[name] ?? initialize(stage.layouts[index], stage: phase.stage)
      values[name] = value
      let reference =
        isNew && codecs.tellsSeeds && workload.start?.segments[value.layout.name] == nil
        ? seeded(value, phase) : try reference(to: value, name, index: index, phase)
      references[name] = reference
      changed.remove(name)
      segments.append(reference.segment(trained: phase.trains(name)))
      for encoded in reference.steps { steps[encoded.step.digest] = encoded.buffer }
      if phase.trains(name) {
        let maximum = codecs.up(in: phase).maximumSize(of: stage.layouts[index]).bytes
        updateLimit += maximum + UpdateFraming.lengthBytes
      }
    }
    let corrections = try controlVariates?.prepare(
      phase, of: stage.layouts, codecs: workload.topology.codecs,
      random: RandomStream(seed: seed))
    for reference in corrections ?? [] {
      segments.append(reference.segment(trained: false))
      for encoded in reference.steps { steps[encoded.step.digest] = encoded.buffer }
    }
    var heads: [Segment] = []
    for depth in 1..<phase.stage where !phase.heads.contains(depth) {
      // Training end to end never had any other head than the last.
      guard let value = values[.head(depth)] else { continue }
      let index = depth
      let reference = try reference(to: value, .head(depth), index: index, phase)
      references[.head(depth)] = reference
      changed.remove(.head(depth))
      heads.append(reference.segment(trained: true))
      for encoded in reference.steps { steps[encoded.step.digest] = encoded.buffer }
      updateLimit = max(updateLimit, limit(of: phase, depth: depth))
    }
    let model = PreparedModel(
      phase: phase, segments: segments, updateLimit: updateLimit, shallowHeads: heads)
    return (model, steps)
  }

  /// The most bytes that an update of the sub-model of stage `depth` can have in `phase`.
  private func limit(of phase: Phase, depth: Int) -> Int {
    workload.trainedLayouts(phase, depth: depth).reduce(0) {
      $0 + codecs.up(in: phase).maximumSize(of: $1).bytes + UpdateFraming.lengthBytes
    }
  }

  /// The values of the stage's blocks and its head, in the order of the wire.
  func parameters(stage: Int) -> [ParameterVector] { parameters(SegmentName.all(stage: stage)) }

  /// The values of these segments, as far as they exist.
  func parameters(_ names: [SegmentName]) -> [ParameterVector] { names.compactMap { values[$0] } }

  /// The norm of the values of these segments, as far as they exist.
  func norm(of layouts: [ParameterLayout]) -> Double {
    var squares = 0.0
    for layout in layouts {
      guard let name = SegmentName(layout.name) else { continue }
      for scalar in values[name]?.scalars ?? [] { squares += Double(scalar) * Double(scalar) }
    }
    return squares.squareRoot()
  }

  /// Steps by the mean `updates` of segments after the round of `phase`, as far as these still exist.
  ///
  /// - Returns: The effective movement of the step's block by the updates, whatever the server makes of them, where a
  ///   window of it has ended.
  mutating func apply(_ updates: [ParameterVector], in phase: Phase) -> Double? {
    optimizer.enter(stage: phase.step)
    var moved: Double?
    for update in updates {
      guard let name = SegmentName(update.layout.name),
        var value = values.removeValue(forKey: name)
      else { continue }
      let step = optimizer.step(update)
      for index in value.scalars.indices { value.scalars[index] += step.scalars[index] }
      values[name] = value
      changed.insert(name)
      if name == .block(phase.step) { moved = movement?.note(update) }
    }
    return moved
  }

  /// The digest over the values of segments: 32-bit floats, little-endian, in their order.
  static func digest(of parameters: [ParameterVector]) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * parameters.reduce(0) { $0 + $1.scalars.count })
    for vector in parameters { bytes.append(littleEndian: vector.scalars) }
    return Digest(of: bytes)
  }

  /// Where the architecture says so, gives a stage's head the values of the one before, which it replaces.
  mutating func carryHead(to stage: Int) {
    guard workload.topology.architecture.carriesHead, values[.head(stage)] == nil,
      let old = values[.head(stage - 1)],
      let layout = workload.network(stage: stage).layouts.last,
      workload.start?.segments[layout.name] == nil, layout.parameters == old.layout.parameters
    else { return }
    values[.head(stage)] = ParameterVector(layout: layout, scalars: old.scalars)
  }

  /// Where the topology says so, has a new block and head go on from what the model computed without them.
  mutating func continueModel(into stage: Int) {
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

  func initialize(_ layout: ParameterLayout, stage: Int) -> ParameterVector {
    if let given = workload.start?.segments[layout.name] { return given }
    return fresh(layout, stage: stage).values(of: layout)
  }

  /// What is broadcast of a segment that was just initialized: what its values are drawn from.
  private func seeded(_ value: ParameterVector, _ phase: Phase) -> BroadcastReference {
    BroadcastReference(
      fresh: fresh(value.layout, stage: phase.stage), value, round: phase.round,
      plan: codecs.delta(in: phase))
  }

  /// The fresh values of a stage's segment.
  private func fresh(_ layout: ParameterLayout, stage: Int) -> FreshValues {
    FreshValues(random: initialization(stage).stream(layout.name))
  }

  /// What the fresh values of a stage's segments are drawn from.
  private func initialization(_ stage: Int) -> RandomStream {
    RandomStream(seed: seed).stream("initialize", stage)
  }

  /// What is broadcast of a segment in `phase`, so that clients come as near to its `value` as they may.
  private func reference(
    to value: ParameterVector, _ name: SegmentName, index: Int, _ phase: Phase
  ) throws(CodecError) -> BroadcastReference {
    let known = references[name]
    if let known, !changed.contains(name), !known.lags(in: phase) { return known }
    let key = RandomStream(seed: seed).stream("model codec", phase.round, index).key
    return try BroadcastReference(
      after: known, towards: value, codecs: codecs, in: phase, key: key)
  }
}
