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
  /// The last mean updates of the stage's blocks, which may be made again; empty where none rests.
  private(set) var lastUpdates: [SegmentName: ParameterVector] = [:]
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
    // What a smaller model's blocks did is no step of this one.
    if optimizer.stage != phase.step { lastUpdates = [:] }
    optimizer.enter(stage: phase.step)
    var moved: Double?
    for update in updates + reused(in: phase, beside: updates) {
      guard let name = SegmentName(update.layout.name),
        var value = values.removeValue(forKey: name)
      else { continue }
      let step = optimizer.step(update)
      for index in value.scalars.indices { value.scalars[index] += step.scalars[index] }
      values[name] = value
      sent.changed.insert(name)
      if case .block = name, keepsUpdates { lastUpdates[name] = update }
      if name == .block(phase.step) { moved = movement?.note(update) }
    }
    return moved
  }

  /// True if blocks may rest.
  private var keepsUpdates: Bool { workload.topology.growthSchedule.resting > 0 }

  /// The last updates of the blocks that rest in `phase`, if there are `updates` of the others.
  private func reused(in phase: Phase, beside updates: [ParameterVector]) -> [ParameterVector] {
    updates.isEmpty ? [] : phase.resting.sorted().compactMap { lastUpdates[.block($0)] }
  }

  /// The blocks that rest in the round of `next`, which comes after those that were stepped by; in
  /// rising order.
  ///
  /// None does in a stage's first round, as no step is known yet, nor in warm-up and ramp; one is
  /// always trained.
  func resting(in next: Phase) -> [Int] {
    guard keepsUpdates, next.step == optimizer.stage, !next.warmUp, next.newBlockRate == 1 else {
      return []
    }
    let candidates = (1...next.stage).compactMap { block -> Recycling.Candidate? in
      guard let update = lastUpdates[.block(block)], let value = values[.block(block)] else {
        return nil
      }
      return Recycling.Candidate(block: block, step: update.norm, values: value.norm)
    }
    return Recycling.resting(
      min(workload.topology.growthSchedule.resting, next.stage - 1), of: candidates,
      random: RandomStream(seed: seed).stream("recycle", next.round))
  }

  /// Takes up the last updates that a checkpoint kept.
  mutating func restore(lastUpdates: [SegmentName: ParameterVector]) {
    self.lastUpdates = lastUpdates
  }

  /// The digest over the values of segments: 32-bit floats, little-endian, in their order.
  package static func digest(of parameters: [ParameterVector]) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * parameters.reduce(0) { $0 + $1.scalars.count })
    for vector in parameters { bytes.append(littleEndian: vector.scalars) }
    return Digest(of: bytes)
  }
}

extension ParameterVector {
  /// The norm over all scalars.
  fileprivate var norm: Double {
    scalars.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}
