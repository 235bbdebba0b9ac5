import Codecs
import Federation
import Ledger
import Measures
import Progressive
import Tensors
import Topology
import Wire

/// The server's control variates of SCAFFOLD, c, and their broadcast form, ĉ: further segments of
/// the model.
///
/// They go the model's own way, by its codecs: those of the segments that a round trains, as far as
/// they have ever moved. Clients take those that aren't there for 0.
struct BroadcastControlVariates {
  /// The exact control variates.
  private(set) var server = ServerControlVariates()
  /// The control variates as they were broadcast, by the segments that they correct.
  var sent = SentSegments<BroadcastReference>()

  /// Control variates that are 0.
  init() {}

  /// Keeps those of these segments, and drops those of heads that are thrown away.
  mutating func keep(_ segments: [ParameterLayout]) { server.keep(segments) }

  /// Moves the control variates by the clients' mean gradients in the round of `phase`.
  ///
  /// - Parameters:
  ///   - gradients: The weighted means of Δᵢ / (‖aᵢ‖₁ η) of the segments that the round trained,
  ///     with the learning rate η of segments that don't enter gently.
  ///   - phase: The round.
  ///   - share: The share that these clients have in the weight of all clients, by the segment's
  ///     name.
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
        gradient, sent: sent.references[name]?.values, share: share(gradient.layout.name))
      sent.changed.insert(name)
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
  ///   - beginsAnew: True if changed ones are broadcast by a keyframe next.
  /// - Returns: Their state beside their values.
  func checkpoint(
    in content: inout Checkpoint, beginsAnew: Bool
  ) -> GlobalModel.State.ControlVariates {
    for (name, variate) in server.values {
      content.tensors["server.\(name.control)"] = .flat(variate.scalars)
    }
    var state = GlobalModel.State.ControlVariates(
      changed: sent.changed.sortedByText, references: [:])
    for (name, reference) in sent.references where !beginsAnew || !sent.changed.contains(name) {
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
        sent.references[layout.segment] = try content.reference(reference, layout.controlVariate)
      }
    }
    server = ServerControlVariates(kept)
    sent.changed = Set(state.changed)
  }
}
