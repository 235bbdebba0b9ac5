package import Bytes
import Foundation
import Models
import Neural
import Progressive
import Tensors

extension Topology {
  /// Names what broker and clients must agree on: equal digests make equal runs from equal seeds.
  ///
  /// Not in it: the seed, which the broker tells; names and paths; waiting times and limits, and of
  /// the evaluation all but what clients tell in it, which are one side's own affair.
  package var planDigest: Digest { Digest(of: Data(plan.utf8)) }

  /// The text of which `planDigest` is the digest: a line for each value.
  package var plan: String { PlanText(settingLines(of: growthSchedule) + factLines).text }

  /// The settings of which a topology can be made that trains the same model.
  private func settingLines(of schedule: GrowthSchedule) -> [PlanText.Line] {
    var lines = [
      PlanText.Line("strategy", strategy.rawValue), PlanText.Line("clients", "\(clients)"),
      PlanText.Line("stages.rounds", "\(schedule.rounds)"),
      PlanText.Line("stages.warmUp", "\(schedule.warmUpRounds)"),
    ]
    lines += ModelSection.planLines(of: architecture)
    if let caps = stageLimits.setting(clients: clients) {
      lines.append(PlanText.Line("participation.caps", caps))
    }
    return lines + data.planLines + training.planLines + codecs.planLines + evaluation.planLines
  }

  /// The facts that come of the settings: by these another version of the program is told apart.
  private var factLines: [PlanText.Line] {
    // A manifest is all of the model in one line.
    guard let input = architecture.input, let classes = architecture.classes,
      let objective = architecture.objective
    else { return data.factLines }
    var lines =
      data.factLines + [
        PlanText.Line("model.input", "\(input)"),
        PlanText.Line("model.classes", "\(classes)"),
        PlanText.Line("model.objective", objective.canonical),
      ]
    for stage in 1...architecture.stages {
      for layout in architecture.layouts(stage: stage) {
        let parameters = layout.parameters.map { "\($0.name) \($0.shape) \($0.role.rawValue)" }
        lines.append(
          PlanText.Line("model.\(stage).\(layout.name)", parameters.joined(separator: ", ")))
      }
    }
    return lines
  }

  /// The ends of stages and the entry of new blocks, as one text, which only the broker needs.
  package var growthCanonical: String {
    let schedule = growthSchedule
    let rate = schedule.restartsLearningRate ? "restart" : "go on"
    return
      "\(schedule.trigger.canonical), minimum \(schedule.minimumRounds), learning rates \(rate), "
      + "ramp \(schedule.rampRounds), entry \(entry.rawValue)"
      + (schedule.parts.map { ", parts \($0.canonical)" } ?? "")
      + (schedule.resting > 0 ? ", resting \(schedule.resting)" : "")
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
