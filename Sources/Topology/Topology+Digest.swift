package import Bytes
import Foundation
import Models
import Neural
import Progressive
import Tensors

extension Topology {
  /// Names what broker and clients must agree on: equal digests make equal runs from equal seeds.
  ///
  /// Not in it: the seed, which the broker tells; names and paths; waiting times, limits and
  /// evaluation, which are one side's own affair.
  package var planDigest: Digest { Digest(of: Data(plan.utf8)) }

  /// The text of which `planDigest` is the digest: a line for each value.
  package var plan: String {
    var lines = [
      ("format", "progfed plan 1"), ("strategy", strategy.rawValue), ("clients", "\(clients)"),
      ("stages.rounds", "\(growthSchedule.rounds)"),
      ("stages.warmUp", "\(growthSchedule.warmUpRounds)"), ("model.name", architecture.name),
      ("model.input", "\(architecture.input)"), ("model.classes", "\(architecture.classes)"),
      ("model.order", architecture.nesting.rawValue),
      ("model.objective", architecture.objective.canonical),
    ]
    for stage in 1...architecture.stages {
      for layout in architecture.layouts(stage: stage) {
        let parameters = layout.parameters.map { "\($0.name) \($0.shape) \($0.role.rawValue)" }
        lines.append(("model.\(stage).\(layout.name)", parameters.joined(separator: ", ")))
      }
    }
    lines += data.canonical + training.canonical + codecs.canonical
    return lines.map { "\($0.0): \($0.1)\n" }.joined()
  }

  /// The ends of stages and the entry of new blocks, as one text, which only the broker needs.
  package var growthCanonical: String {
    let schedule = growthSchedule
    let rate = schedule.restartsLearningRate ? "restart" : "go on"
    return
      "\(schedule.trigger.canonical), minimum \(schedule.minimumRounds), learning rates \(rate), "
      + "ramp \(schedule.rampRounds), entry \(entry.rawValue)"
  }
}

extension Objective {
  /// The objective as one text.
  var canonical: String {
    switch self {
    case .classes: "classes"
    case .pixels(let loss): "pixels \(loss.rawValue)"
    }
  }
}
