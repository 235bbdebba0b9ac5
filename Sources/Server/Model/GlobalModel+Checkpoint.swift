import Bytes
import Federation
package import Ledger
import LocalTraining
import Models
package import Progressive
package import Tensors
import Topology
import Wire

extension GlobalModel {
  /// The model beside its values, as JSON in a checkpoint.
  package struct State: Codable, Hashable {
    /// The broadcast form of a segment beside x̂ and the bytes of its steps, which are the
    /// checkpoint's tensors and bytes.
    struct Reference: Codable, Hashable {
      /// A step; its digest and length are those of its bytes.
      struct Step: Codable, Hashable {
        /// Its codec, as it is announced.
        var codec: PatchCodec
        /// The first 8 bytes of the state where it begins; nil for a keyframe.
        var from: UInt64?
        /// The first 8 bytes of the state that it leads to.
        var to: UInt64
      }

      /// Names x̂.
      var state: Digest
      /// The round of the keyframe.
      var keyframeRound: Int
      /// The steps that lead to x̂.
      var steps: [Step]
    }

    /// The broker's control variates beside their values.
    struct ControlVariates: Codable, Hashable {
      /// The segments whose control variates have changed since they were broadcast, in the order
      /// of their texts.
      var changed: [SegmentName]
      /// The broadcast form of those that don't begin anew in the next round, by the segments that
      /// they correct.
      var references: [SegmentName: Reference]
    }

    /// The stage whose sub-model the values are, from 1.
    var stage: Int
    /// The stage that the server's optimizer remembers, from 1; 0 before the first.
    var optimizerStage: Int
    /// The segments that have changed since they were broadcast, in the order of their texts.
    var changed: [SegmentName]
    /// The broadcast form of the segments that don't begin anew in the next round.
    var references: [SegmentName: Reference]
    /// The number of steps of its window that the watched block has made; nil where none is
    /// watched.
    var movementSteps: Int?
    /// The broker's control variates; nil without SCAFFOLD.
    var controlVariates: ControlVariates?

    private enum CodingKeys: String, CodingKey {
      case stage, optimizerStage, changed, references, movementSteps
      case controlVariates = "controls"
    }
  }

  /// The model for a checkpoint after the round of `phase`: enough for the same bytes in the rounds
  /// to come.
  ///
  /// Values are named as in the model's own file, "block1.weight". Beside them, flat:
  /// "server.direction.block1" and "server.squares.block1", the memory of the server's optimizer;
  /// "server.update.block1", its last mean update; "server.block1.control", c;
  /// "movement.path.block1" and "movement.distances.block1", how it moved; "reference.block1", x̂;
  /// "anchor.block1", the keyframe's values; "step.block1.0", bytes.
  package func checkpoint(after phase: Phase) -> (state: State, content: Checkpoint) {
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
    for (name, update) in lastUpdates {
      content.tensors["server.update.\(name)"] = .flat(update.scalars)
    }
    // Where there are only keyframes, what has changed begins anew.
    let beginsAnew = workload.topology.codecs.delta == nil
    var state = State(
      stage: phase.stage, optimizerStage: optimizer.stage,
      changed: sent.changed.sortedByText, references: [:])
    if let movement, let path = movement.path {
      state.movementSteps = movement.steps
      content.tensors["movement.path.\(path.layout.name)"] = .flat(path.scalars)
      content.tensors["movement.distances.\(path.layout.name)"] = .flat(movement.distances)
    }
    for (name, reference) in sent.references where !beginsAnew || !sent.changed.contains(name) {
      state.references[name] = content.keep(reference)
    }
    state.controlVariates = controlVariates?.checkpoint(in: &content, beginsAnew: beginsAnew)
    return (state, content)
  }

  /// Takes up the model of a checkpoint.
  ///
  /// - Throws: `CheckpointMismatch` if the checkpoint isn't one of this topology's model.
  package mutating func restore(_ state: State, _ content: Checkpoint) throws(CheckpointMismatch) {
    guard (1...workload.topology.architecture.stages).contains(state.stage) else {
      throw CheckpointMismatch(what: "stage \(state.stage)")
    }
    var memory: [String: ServerOptimizer.Memory] = [:]
    var lastUpdates: [SegmentName: ParameterVector] = [:]
    // Heads of earlier stages are there where the model has grown.
    let heads = (1..<state.stage).compactMap { workload.network(stage: $0).layouts.last }
      .filter { content.holds($0) }
    for layout in workload.network(stage: state.stage).layouts + heads {
      let name = layout.segment
      values[name] = try content.values(of: layout)
      lastUpdates[name] = try content.flat("server.update", layout)
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
      if let reference = state.references[name] {
        sent.references[name] = try content.reference(reference, layout)
      }
    }
    restore(lastUpdates: lastUpdates)
    sent.changed = Set(state.changed)
    if controlVariates != nil, let kept = state.controlVariates {
      controlVariates = try BroadcastControlVariates(
        kept, content, of: workload.network(stage: state.stage).layouts)
    }
    optimizer = ServerOptimizer(optimizer.rule, stage: state.optimizerStage, memory: memory)
  }
}

/// A checkpoint holds another model than the topology describes.
package struct CheckpointMismatch: Error {
  /// The name of the part that is missing, or of another shape.
  package var what: String
}

extension Set<SegmentName> {
  /// The names in the order of their texts, by which equal models have equal checkpoints.
  var sortedByText: [SegmentName] { sorted { "\($0)" < "\($1)" } }
}

extension Checkpoint {
  /// Keeps the values and bytes of a segment's or control variate's broadcast form.
  ///
  /// - Returns: The rest of it, for the checkpoint's JSON.
  mutating func keep(_ reference: BroadcastReference) -> GlobalModel.State.Reference {
    tensors["reference.\(reference.name)"] = reference.values.map { .flat($0.scalars) }
    tensors["anchor.\(reference.name)"] = reference.anchor.map { .flat($0.scalars) }
    for (index, step) in reference.steps.enumerated() {
      bytes["step.\(reference.name).\(index)"] = Array(step.buffer.bytes)
    }
    return GlobalModel.State.Reference(
      state: reference.state, keyframeRound: reference.keyframeRound,
      steps: reference.steps.map {
        .init(codec: $0.step.codec, from: $0.step.from, to: $0.step.to)
      })
  }

  /// True if there is anything of a segment.
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

  /// The broadcast form of a segment or control variate.
  ///
  /// - Throws: `CheckpointMismatch` if bytes or values are missing, or of another shape.
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
    return BroadcastReference(
      name: layout.name, steps: steps, state: reference.state,
      values: try flat("reference", layout),
      anchor: try flat("anchor", layout), keyframeRound: reference.keyframeRound)
  }
}

extension Tensor {
  /// The scalars as a tensor of one dimension.
  package static func flat(_ scalars: [Float]) -> Tensor {
    Tensor(shape: Shape([scalars.count]), scalars: scalars)
  }
}
