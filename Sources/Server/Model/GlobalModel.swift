package import Bytes
import Codecs
import Federation
import Foundation
package import LocalTraining
import Measures
import Models
package import Progressive
package import Tensors
import Topology
import Wire

/// The broker's model: the exact values of all segments that exist, and their broadcast form.
///
/// A segment keeps its state for as long as its values don't change: in warm-up the older blocks
/// needn't travel again.
package struct GlobalModel {
  /// The values of the segments, by name.
  package internal(set) var values: [SegmentName: ParameterVector] = [:]
  /// The segments as they were broadcast, and those that have changed since.
  var sent = SentSegments<BroadcastReference>()
  /// The optimizer that makes steps of mean updates.
  var optimizer: ServerOptimizer
  /// The movement of the block on which a step's end depends; nil where none does.
  var movement: EffectiveMovement?
  /// The control variates of SCAFFOLD; nil where gradients aren't corrected.
  var controlVariates: BroadcastControlVariates?
  /// The architecture and the values to start from.
  let workload: Workload
  /// The seed of initial values and of the codecs' chance.
  let seed: UInt64
  /// The steps by which the model goes down.
  let broadcast: ModelBroadcast

  /// A model without any segment yet.
  package init(workload: Workload, seed: UInt64) {
    self.workload = workload
    self.seed = seed
    let stages = 1...workload.topology.architecture.stages
    broadcast = ModelBroadcast(
      workload.topology.codecs, layouts: stages.map { workload.network(stage: $0).layouts })
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

  /// The values of the stage's blocks and its head, in the order of the wire.
  package func parameters(stage: Int) -> [ParameterVector] {
    parameters(SegmentName.all(stage: stage))
  }

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

  /// Steps by the mean `updates` of segments after the round of `phase`, as far as these still
  /// exist.
  ///
  /// - Returns: The effective movement of the step's block by the updates, whatever the server
  ///   makes of them, where a window of it has ended.
  package mutating func apply(_ updates: [ParameterVector], in phase: Phase) -> Double? {
    optimizer.enter(stage: phase.step)
    var moved: Double?
    for update in updates {
      guard let name = SegmentName(update.layout.name),
        var value = values.removeValue(forKey: name)
      else { continue }
      let step = optimizer.step(update)
      for index in value.scalars.indices { value.scalars[index] += step.scalars[index] }
      values[name] = value
      sent.changed.insert(name)
      if name == .block(phase.step) { moved = movement?.note(update) }
    }
    return moved
  }

  /// The digest over the values of segments: 32-bit floats, little-endian, in their order.
  package static func digest(of parameters: [ParameterVector]) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * parameters.reduce(0) { $0 + $1.scalars.count })
    for vector in parameters { bytes.append(littleEndian: vector.scalars) }
    return Digest(of: bytes)
  }
}
