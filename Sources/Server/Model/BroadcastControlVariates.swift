import Codecs
import Federation
import Ledger
import Measures
import Progressive
import Tensors
import Topology
import Wire

/// The server's control variates of SCAFFOLD, c, and their broadcast form, ĉ: further segments of the model.
///
/// They go the model's own way, by its codecs: those of the segments that a round trains, as far as they have
/// ever moved. Clients take those that aren't there for 0.
struct BroadcastControlVariates {
  /// The exact control variates.
  private(set) var server = ServerControlVariates()
  /// Their broadcast form, by the segments that they correct.
  private(set) var references: [SegmentName: BroadcastReference] = [:]
  /// The segments whose control variates have changed since they were broadcast.
  private(set) var changed: Set<SegmentName> = []

  /// Control variates that are 0.
  init() {}

  /// Encodes the control variates that `phase` needs, and drops those of heads that are thrown away.
  ///
  /// - Parameters:
  ///   - phase: The round.
  ///   - layouts: The layouts of the phase's segments.
  ///   - codecs: How the model is encoded.
  ///   - random: What the codecs' chance is drawn from.
  /// - Returns: What is broadcast of them, in the order of the segments.
  /// - Throws: `CodecError` if a value is no longer finite.
  mutating func prepare(
    _ phase: Phase, of layouts: [ParameterLayout], codecs: CodecsSection, random: RandomStream
  ) throws(CodecError) -> [BroadcastReference] {
    server.keep(layouts)
    references = references.filter { phase.segments.contains($0.key) }
    changed.formIntersection(phase.segments)
    var announced: [BroadcastReference] = []
    for (index, name) in phase.segments.enumerated() where phase.trains(name) {
      guard let variate = server.values[name] else { continue }
      let known = references[name]
      guard known == nil || changed.remove(name) != nil else {
        announced += known.map { [$0] } ?? []
        continue
      }
      changed.remove(name)
      let reference = try BroadcastReference(
        after: known, towards: variate, codecs: codecs, in: phase,
        key: random.stream("control codec", phase.round, index).key, keepsValues: true)
      references[name] = reference
      announced.append(reference)
    }
    return announced
  }

  /// Moves the control variates by the clients' mean gradients in the round of `phase`.
  ///
  /// - Parameters:
  ///   - gradients: The weighted means of Δᵢ / (‖aᵢ‖₁ η) of the segments that the round trained, with the
  ///     learning rate η of segments that don't enter gently.
  ///   - phase: The round.
  ///   - share: The share that these clients have in the weight of all clients, by the segment's name.
  mutating func step(
    _ gradients: [ParameterVector], in phase: Phase, share: (String) -> Double
  ) {
    for var gradient in gradients {
      guard let name = SegmentName(gradient.layout.name), phase.trains(name) else { continue }
      let factor = Float(phase.rateFactor(of: name))
      if factor != 1 {
        for index in gradient.scalars.indices { gradient.scalars[index] /= factor }
      }
      server.step(
        gradient, sent: references[name]?.values, share: share(gradient.layout.name))
      changed.insert(name)
    }
  }

  /// Begins anew with 0, as clients do that remember nothing.
  mutating func forget() { self = BroadcastControlVariates() }
}

extension BroadcastControlVariates {
  /// Keeps the values in a checkpoint.
  ///
  /// - Parameters:
  ///   - content: Takes the values.
  ///   - beginsAnew: Whether what has changed is broadcast by a keyframe next.
  /// - Returns: What they are beside their values.
  func checkpoint(
    in content: inout Checkpoint, beginsAnew: Bool
  ) -> GlobalModel.State.ControlVariates {
    for (name, variate) in server.values {
      content.tensors["server.\(name.control)"] = .flat(variate.scalars)
    }
    var state = GlobalModel.State.ControlVariates(
      changed: changed.sortedByText, references: [:])
    for (name, reference) in references where !beginsAnew || !changed.contains(name) {
      state.references[name] = content.keep(reference)
    }
    return state
  }

  /// Takes up what a checkpoint kept of the control variates of `layouts`.
  ///
  /// - Throws: `CheckpointMismatch` if the checkpoint isn't one of this topology's model.
  init(
    _ state: GlobalModel.State.ControlVariates, _ content: Checkpoint, of layouts: [ParameterLayout]
  ) throws(CheckpointMismatch) {
    var kept: [ParameterVector] = []
    for layout in layouts {
      if let variate = try content.flat("server", layout.controlVariate) { kept.append(variate) }
      if let reference = state.references[layout.segment] {
        references[layout.segment] = try content.reference(reference, layout.controlVariate)
      }
    }
    server = ServerControlVariates(kept)
    changed = Set(state.changed)
  }
}
