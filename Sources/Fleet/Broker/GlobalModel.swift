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

/// The broker's model: exact values of all segments that exist, and the bytes in which they are sent.
///
/// A segment keeps its bytes, and so its digest, for as long as its values don't change: in warm-up the
/// older blocks needn't travel again.
struct GlobalModel {
  /// The values of the segments, by name.
  private(set) var values: [SegmentName: ParameterVector] = [:]
  private var encoded: [SegmentName: EncodedSegment] = [:]
  private var optimizer: ServerOptimizer
  private let workload: Workload
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
  /// - Throws: `CodecError` if a value is no longer finite.
  mutating func prepare(
    _ phase: Phase
  ) throws(CodecError) -> (model: PreparedModel, segments: [EncodedSegment]) {
    let stage = workload.network(stage: phase.stage)
    values = values.filter { phase.segments.contains($0.key) }
    encoded = encoded.filter { phase.segments.contains($0.key) }
    var segments: [EncodedSegment] = []
    var updateLimit = 0
    for (index, name) in phase.segments.enumerated() {
      let value = values[name] ?? initialize(index, stage: phase.stage)
      values[name] = value
      var segment: EncodedSegment
      if let known = encoded[name] {
        segment = known
      } else {
        segment = try encode(value, name, index: index, round: phase.round)
      }
      segment.segment.trained = phase.trains(name)
      encoded[name] = segment
      segments.append(segment)
      if phase.trains(name) {
        let maximum = codecs.up.maximumSize(of: stage.layouts[index]).bytes
        updateLimit += maximum + UpdateFraming.lengthBytes
      }
    }
    let model = PreparedModel(
      round: phase.round, segments: segments.map(\.segment), updateLimit: updateLimit)
    return (model, segments)
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
      encoded[name] = nil
    }
  }

  /// The digest over the values of the stage's segments: 32-bit floats, little-endian, in their order.
  func digest(stage: Int) -> Digest {
    var bytes = Data()
    for vector in parameters(stage: stage) {
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

  private func encode(
    _ value: ParameterVector, _ name: SegmentName, index: Int, round: Int
  ) throws(CodecError) -> EncodedSegment {
    let key = RandomStream(seed: seed).stream("model codec", round, index).key
    let bytes = try codecs.down.encode(value, key: key)
    return EncodedSegment(
      segment: Segment(
        name: "\(name)", digest: Digest(of: bytes), length: bytes.count, trained: true,
        codec: "\(codecs.down.spec)"),
      buffer: SharedBuffer(bytes))
  }
}
