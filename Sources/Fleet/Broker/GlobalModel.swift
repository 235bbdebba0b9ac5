import Codecs
import Digests
import Federation
import Foundation
import Measures
import Models
import Progressive
import Tensors
import Topology
import Wire
import ZeroMQ

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
  /// What is learnt.
  let workload: Workload
  private let seed: UInt64

  /// A model without any segment yet.
  init(workload: Workload, seed: UInt64) {
    self.workload = workload
    self.seed = seed
    optimizer = ServerOptimizer(workload.topology.server.rule)
  }

  private var codecs: CodecsSection { workload.topology.codecs }

  /// Makes what `phase` needs: new segments are initialized, changed ones encoded, old heads dropped.
  ///
  /// - Returns: The model as it is announced, and the bytes of all steps to it.
  /// - Throws: `CodecError` if a value is no longer finite.
  mutating func prepare(
    _ phase: Phase
  ) throws(CodecError) -> (model: PreparedModel, steps: [Digest: SharedBuffer]) {
    let stage = workload.network(stage: phase.stage)
    values = values.filter { phase.segments.contains($0.key) }
    references = references.filter { phase.segments.contains($0.key) }
    var segments: [Segment] = []
    var steps: [Digest: SharedBuffer] = [:]
    var updateLimit = 0
    for (index, name) in phase.segments.enumerated() {
      let value = values[name] ?? initialize(index, stage: phase.stage)
      values[name] = value
      let reference = try reference(to: value, name, index: index, phase)
      references[name] = reference
      changed.remove(name)
      segments.append(reference.segment(trained: phase.trains(name)))
      for encoded in reference.steps { steps[encoded.step.digest] = encoded.buffer }
      if phase.trains(name) {
        let maximum = codecs.up.maximumSize(of: stage.layouts[index]).bytes
        updateLimit += maximum + UpdateFraming.lengthBytes
      }
    }
    return (
      PreparedModel(round: phase.round, segments: segments, updateLimit: updateLimit), steps
    )
  }

  /// The values of the stage's segments, in the order of the wire.
  func parameters(stage: Int) -> [ParameterVector] {
    SegmentName.all(stage: stage).compactMap { values[$0] }
  }

  /// Steps by the mean `updates` of the segments that `phase` trains, in the order of the wire.
  mutating func apply(_ updates: [ParameterVector], in phase: Phase) {
    optimizer.enter(stage: phase.stage)
    for (name, update) in zip(phase.segments.filter(phase.trains), updates) {
      guard var value = values.removeValue(forKey: name) else { continue }
      let step = optimizer.step(update)
      for index in value.scalars.indices { value.scalars[index] += step.scalars[index] }
      values[name] = value
      changed.insert(name)
    }
  }

  /// The digest over the values of segments: 32-bit floats, little-endian, in their order.
  static func digest(of parameters: [ParameterVector]) -> Digest {
    var bytes = Data()
    for vector in parameters {
      bytes.reserveCapacity(bytes.count + 4 * vector.scalars.count)
      for scalar in vector.scalars {
        // SAFETY: the bytes of an integer, read within the closure.
        unsafe withUnsafeBytes(of: scalar.bitPattern.littleEndian) {
          unsafe bytes.append(contentsOf: $0)
        }
      }
    }
    return Digest(of: bytes)
  }

  private func initialize(_ index: Int, stage: Int) -> ParameterVector {
    workload.topology.architecture.initialize(
      segment: index, stage: stage, random: RandomStream(seed: seed).stream("initialize", stage))
  }

  /// What is broadcast of a segment in `phase`, so that clients come as near to its `value` as they may.
  private func reference(
    to value: ParameterVector, _ name: SegmentName, index: Int, _ phase: Phase
  ) throws(CodecError) -> BroadcastReference {
    let plan = codecs.delta
    let known = references[name]
    if let known, !changed.contains(name) { return known }
    let key = RandomStream(seed: seed).stream("model codec", phase.round, index).key
    guard let plan, var next = known, !next.needsKeyframe(in: phase.round, plan: plan) else {
      return try BroadcastReference(
        keyframe: value, codec: codecs.down, round: phase.round, key: key, plan: plan)
    }
    try next.advance(towards: value, codec: plan.codec, key: key)
    return next
  }
}
