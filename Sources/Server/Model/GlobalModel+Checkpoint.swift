import Bytes
import Federation
import Ledger
import LocalTraining
import Models
import Progressive
package import Tensors
import Topology
import Wire

extension GlobalModel {
  /// What the model is beside its values.
  struct State: Codable {
    /// What is broadcast of a segment, beside the bytes of its steps.
    struct Reference: Codable {
      /// A step, beside its bytes.
      struct Step: Codable {
        /// Its codec, as it is announced.
        var codec: PatchCodec
        /// Where it begins; nil for a keyframe.
        var from: UInt64?
        /// Where it leads to.
        var to: UInt64
      }

      /// Names x̂, hexadecimal.
      var state: String
      /// The round of the keyframe.
      var keyframeRound: Int
      /// The steps that lead to x̂.
      var steps: [Step]
    }

    /// What clients' gradients are corrected by, beside its values.
    struct Controls: Codable {
      /// The controls that have changed since they were broadcast, by their segments, in order.
      var changed: [String]
      /// What is broadcast of the controls that don't begin anew in the next round, by their segments.
      var references: [String: Reference]
    }

    /// The stage whose sub-model the values are, from 1.
    var stage: Int
    /// The stage that the server's optimizer remembers, from 1; 0 before the first.
    var optimizerStage: Int
    /// The segments that have changed since they were broadcast, in order.
    var changed: [String]
    /// What is broadcast of the segments that don't begin anew in the next round, by name.
    var references: [String: Reference]
    /// How many steps of its window the block that is watched has made; nil where none is.
    var movementSteps: Int?
    /// What clients' gradients are corrected by; nil where they aren't.
    var controls: Controls?
  }

  /// What goes into a checkpoint after the round of `phase`: enough for the same bytes in the rounds to come.
  ///
  /// Values are named as in the model's own file, "block1.weight". Beside them, flat: "server.direction.block1" and
  /// "server.squares.block1", the memory of the server's optimizer; "server.block1.control", c;
  /// "movement.path.block1" and "movement.distances.block1", how it moved; "reference.block1", x̂;
  /// "anchor.block1", the keyframe's values; "step.block1.0", bytes.
  func checkpoint(after phase: Phase) -> (state: State, content: Checkpoint) {
    var content = Checkpoint(round: phase.round)
    let heads = (1..<phase.stage).compactMap { values[.head($0)] }
    for vector in parameters(stage: phase.stage) + heads {
      for (index, parameter) in vector.layout.parameters.enumerated() {
        content.tensors["\(vector.layout.name).\(parameter.name)"] = vector.tensor(index)
      }
    }
    for (name, memory) in optimizer.memory {
      content.tensors["server.direction.\(name)"] = .flat(memory.direction.scalars)
      guard !memory.squares.isEmpty else { continue }
      content.tensors["server.squares.\(name)"] = .flat(memory.squares)
    }
    // Where there are only keyframes, what has changed begins anew.
    let beginsAnew = workload.topology.codecs.delta == nil
    var state = State(
      stage: phase.stage, optimizerStage: optimizer.stage,
      changed: changed.map { "\($0)" }.sorted(), references: [:])
    if let movement, let path = movement.path {
      state.movementSteps = movement.steps
      content.tensors["movement.path.\(path.layout.name)"] = .flat(path.scalars)
      content.tensors["movement.distances.\(path.layout.name)"] = .flat(movement.distances)
    }
    for (name, reference) in references where !beginsAnew || !changed.contains(name) {
      state.references["\(name)"] = content.keep(reference)
    }
    state.controls = controls?.checkpoint(in: &content, beginsAnew: beginsAnew)
    return (state, content)
  }

  /// Takes up what a checkpoint kept.
  ///
  /// - Throws: `CheckpointMismatch` if the checkpoint isn't one of this topology's model.
  mutating func restore(_ state: State, _ content: Checkpoint) throws(CheckpointMismatch) {
    guard (1...workload.topology.architecture.stages).contains(state.stage) else {
      throw CheckpointMismatch(what: "stage \(state.stage)")
    }
    var memory: [String: ServerOptimizer.Memory] = [:]
    // Heads of earlier stages are there where the model has grown.
    let heads = (1..<state.stage).compactMap { workload.network(stage: $0).layouts.last }
      .filter { content.holds($0) }
    for layout in workload.network(stage: state.stage).layouts + heads {
      guard let name = SegmentName(layout.name) else { continue }
      values[name] = try content.values(of: layout)
      if let direction = try content.flat("server.direction", layout) {
        memory[layout.name] = ServerOptimizer.Memory(
          direction: direction,
          squares: try content.flat("server.squares", layout)?.scalars ?? [])
      }
      if let movement, let steps = state.movementSteps,
        let path = try content.flat("movement.path", layout),
        let distances = try content.flat("movement.distances", layout)
      {
        self.movement = EffectiveMovement(
          window: movement.window, path: path, distances: distances.scalars, steps: steps)
      }
      if let reference = state.references[layout.name] {
        references[name] = try content.reference(reference, layout)
      }
    }
    changed = Set(state.changed.compactMap { SegmentName($0) })
    if controls != nil, let kept = state.controls {
      controls = try BroadcastControlVariates(
        kept, content, of: workload.network(stage: state.stage).layouts)
    }
    optimizer = ServerOptimizer(optimizer.rule, stage: state.optimizerStage, memory: memory)
  }
}

/// A checkpoint holds another model than the topology describes.
struct CheckpointMismatch: Error {
  /// What is missing, or of another shape.
  var what: String
}

extension Checkpoint {
  /// Keeps what is broadcast of a segment or control; what is left to keep of it is returned.
  mutating func keep(_ reference: BroadcastReference) -> GlobalModel.State.Reference {
    tensors["reference.\(reference.name)"] = reference.values.map { .flat($0.scalars) }
    tensors["anchor.\(reference.name)"] = reference.anchor.map { .flat($0.scalars) }
    for (index, step) in reference.steps.enumerated() {
      bytes["step.\(reference.name).\(index)"] = Array(step.buffer.bytes)
    }
    return GlobalModel.State.Reference(
      state: reference.state.hex, keyframeRound: reference.keyframeRound,
      steps: reference.steps.map {
        .init(codec: $0.step.codec, from: $0.step.from, to: $0.step.to)
      })
  }

  /// Whether there is anything of a segment.
  fileprivate func holds(_ layout: ParameterLayout) -> Bool {
    layout.parameters.contains { tensors["\(layout.name).\($0.name)"] != nil }
  }

  /// The values of a segment that are kept parameter by parameter.
  fileprivate func values(
    of layout: ParameterLayout
  ) throws(CheckpointMismatch) -> ParameterVector {
    var scalars: [Float] = []
    scalars.reserveCapacity(layout.count)
    for parameter in layout.parameters {
      let key = "\(layout.name).\(parameter.name)"
      guard let tensor = tensors[key], tensor.shape == parameter.shape else {
        throw CheckpointMismatch(what: key)
      }
      scalars += tensor.scalars
    }
    return ParameterVector(layout: layout, scalars: scalars)
  }

  /// The values of a segment that are kept flat under "`kind`.block1"; nil if they aren't there.
  func flat(
    _ kind: String, _ layout: ParameterLayout
  ) throws(CheckpointMismatch) -> ParameterVector? {
    guard let tensor = tensors["\(kind).\(layout.name)"] else { return nil }
    guard tensor.scalars.count == layout.count else {
      throw CheckpointMismatch(what: "\(kind).\(layout.name)")
    }
    return ParameterVector(layout: layout, scalars: tensor.scalars)
  }

  /// What is broadcast of a segment.
  func reference(
    _ reference: GlobalModel.State.Reference, _ layout: ParameterLayout
  ) throws(CheckpointMismatch) -> BroadcastReference {
    var steps: [BroadcastReference.EncodedStep] = []
    for (index, step) in reference.steps.enumerated() {
      let key = "step.\(layout.name).\(index)"
      guard let bytes = bytes[key] else { throw CheckpointMismatch(what: key) }
      steps.append(
        BroadcastReference.EncodedStep(
          step: ModelPatch(
            digest: Digest(of: bytes), length: bytes.count, codec: step.codec, from: step.from,
            to: step.to),
          buffer: SharedBuffer(bytes)))
    }
    guard let state = Digest(hex: reference.state) else {
      throw CheckpointMismatch(what: "the state of \(layout.name)")
    }
    return BroadcastReference(
      name: layout.name, steps: steps, state: state, values: try flat("reference", layout),
      anchor: try flat("anchor", layout), keyframeRound: reference.keyframeRound)
  }
}

extension Tensor {
  /// The scalars as a tensor of one dimension.
  package static func flat(_ scalars: [Float]) -> Tensor {
    Tensor(shape: Shape([scalars.count]), scalars: scalars)
  }
}
