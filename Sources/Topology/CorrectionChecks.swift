import Federation
import Links
import Neural
import Progressive

/// The checks of what corrects updates, or weighs them by their steps.
struct CorrectionChecks {
  let training: TrainingSection
  let participation: ParticipationSection
  let server: ServerSection

  /// Reports steps that can't be counted where the mean or the correction of updates depends on it.
  func checkSteps(_ reading: Reading) {
    var dependents: [(path: String, name: String)] = []
    if server.averaging == .fednova { dependents.append(("server.averaging", "FedNova")) }
    if training.correction == .scaffold {
      dependents.append(("training.correction", "SCAFFOLD"))
    }
    for (path, name) in dependents where reading.isSound("training.optimizer", path) {
      if training.settings.optimizer != .sgd {
        reading.report(
          path,
          "\(path) is \(name), which needs to know how far a client's steps reach; those of "
            + "\(training.settings.optimizer.rawValue) reach as far as it likes",
          remedy: "write training.optimizer: sgd, or remove \(path)")
      } else if training.settings.proximal > 0, reading.isSound("training.proximal") {
        reading.report(
          path,
          "\(path) is \(name), which takes an update for the sum of its gradients; "
            + "training.proximal pulls it back",
          remedy: "remove training.proximal, or \(path)")
      }
    }
  }

  /// Reports updates that don't tell the control variates of SCAFFOLD.
  func checkCorrection(_ fleet: FleetModel, _ reading: Reading) {
    let path = "training.correction"
    guard training.correction == .scaffold, reading.isSound(path) else { return }
    if participation.stragglers != .discard, reading.isSound("participation.stragglers") {
      reading.report(
        path,
        "\(path) is SCAFFOLD, whose controls are those of one round; "
          + "participation.stragglers has updates of earlier rounds count",
        remedy: "write participation.stragglers: discard, or remove \(path)")
    }
    if participation.depth.rule != .fixed, reading.isSound("participation.depth") {
      reading.report(
        path,
        "\(path) is SCAFFOLD, whose controls are means over all clients; participation.depth has "
          + "some train less than others",
        remedy: "write participation.depth: fixed, or remove \(path)")
    }
    let capped =
      participation.caps.isEmpty ? fleet.groups.first { $0.device.memory != nil }?.name : nil
    if !participation.caps.isEmpty || capped != nil {
      reading.report(
        path,
        "\(path) is SCAFFOLD, whose controls are means over all clients; "
          + (capped.map { "the memory of groups.\($0)" } ?? "participation.caps")
          + " leaves some out of the deeper blocks",
        remedy: "give all clients the whole model, or remove \(path)")
    }
  }
}
