package import Federation
package import Neural
package import Progressive

/// The section `training`: what a client does with its samples in a round.
package struct TrainingSection: Hashable, Sendable {
  /// The number of passes through a client's samples.
  package var epochs = 1
  /// The samples of a step, B.
  package var batch = 20
  /// The schedule of the learning rate over the rounds.
  package var schedule = LearningRateSchedule.constant
  /// The correction of gradients that keeps clients with unlike samples from drifting apart.
  package var correction = Correction.none
  /// The settings of a step, with the learning rate before any decay.
  package var settings = TrainingSettings()
  /// The program that trains a manifest's model on this machine; nil for none.
  ///
  /// No part of the plan: nobody else says what runs here.
  package var program: TrainerProgram?
  /// The keys and values that trainer programs are handed as they stand in the topology.
  package var options: [String: OptionValue] = [:]

  /// The section by default.
  package init() {}

  /// The settings of a step at the learning rate of a round.
  package func settings(learningRate: Float) -> TrainingSettings {
    var settings = settings
    settings.learningRate = Double(learningRate)
    return settings
  }

  /// The sum of a client's steps in its update, for stochastic gradient descent.
  package var localSteps: LocalSteps {
    LocalSteps(momentum: settings.momentum, nesterov: settings.nesterov)
  }
}

extension TrainingSection {
  init(reading keys: inout KeyReader) {
    epochs = keys.value("epochs", default: epochs) { $0.whole(1...1000) }
    batch = keys.value("batch", default: batch) { $0.whole(1...65_536) }
    settings.learningRate = keys.value("learningRate", default: settings.learningRate) {
      $0.number(0...1000, excluding: 0)
    }
    schedule = keys.value("schedule", default: schedule) { .init(reading: $0) }
    settings.read(&keys)
    program = TrainerProgram.read(&keys)
    options =
      keys.optional("options") { cursor in
        guard case .section(let options)? = OptionValue(reading: cursor) else {
          cursor.expected("a section of keys", remedy: "write keys and values below it")
          return nil
        }
        return options
      } ?? [:]
    correction = keys.value("correction", default: correction) {
      $0.choice("a correction", of: Correction.allCases.map { ($0.rawValue, $0) })
    }
    if settings.nesterov, settings.momentum == 0, keys.reading.isSound(keys.full("momentum")) {
      keys.reading.report(
        keys.full("nesterov"), "\(keys.full("nesterov")) looks ahead along a momentum of 0",
        remedy: "write a momentum above 0, or remove nesterov")
    }
    refuseKeysOfOtherOptimizer(keys)
  }

  private func refuseKeysOfOtherOptimizer(_ keys: KeyReader) {
    let (foreign, other) =
      switch settings.optimizer {
      case .sgd: (["beta2", "epsilon", "decay", "floor"], "adam")
      case .adam: (["nesterov"], "sgd")
      }
    for key in foreign where keys.has(key) && keys.reading.isSound(keys.full("optimizer")) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing to \(settings.optimizer.rawValue)",
        remedy: "remove it, or write optimizer: \(other)")
    }
  }

  /// All values as a plan has them; not those that mean nothing to the optimizer.
  var planLines: [PlanText.Line] {
    let own: [(String, String)] =
      switch settings.optimizer {
      case .sgd: [("nesterov", "\(settings.nesterov)")]
      case .adam: [("beta2", "\(settings.beta2)"), ("epsilon", "\(settings.epsilon)")]
      }
    let values =
      [
        ("epochs", "\(epochs)"), ("batch", "\(batch)"),
        ("learningRate", "\(settings.learningRate)"), ("schedule", schedule.setting),
        ("optimizer", settings.optimizer.rawValue), ("momentum", "\(settings.momentum)"),
      ] + own + [
        ("weightDecay", "\(settings.weightDecay)"),
        ("clipNorm", settings.clipNorm.map { "\($0)" } ?? "none"),
        ("lossLimit", "\(settings.lossLimit)"), ("proximal", "\(settings.proximal)"),
        ("correction", correction.rawValue),
      ] + (options.isEmpty ? [] : [("options", OptionValue.section(options).setting)])
    return values.map { PlanText.Line("training.\($0.0)", $0.1) }
  }
}

extension TrainingSettings {
  /// Reads the keys of a step but the learning rate; those that aren't there leave what is.
  fileprivate mutating func read(_ keys: inout KeyReader) {
    optimizer = keys.value("optimizer", default: optimizer) {
      $0.choice("a client's optimizer", of: Optimizer.allCases.map { ($0.rawValue, $0) })
    }
    momentum = keys.value("momentum", default: momentum) { $0.number(0...1, excluding: 1) }
    nesterov = keys.value("nesterov", default: nesterov) { $0.flag() }
    beta2 = keys.value("beta2", formerly: "decay", default: beta2) {
      $0.number(0...1, excluding: 1)
    }
    epsilon = keys.value("epsilon", formerly: "floor", default: epsilon) {
      $0.number(0...1, excluding: 0)
    }
    weightDecay = keys.value("weightDecay", default: weightDecay) { $0.number(0...1000) }
    clipNorm = keys.value("clipNorm", default: clipNorm) {
      $0.numberOrNone(0...1e9, excluding: 0)
    }
    lossLimit = keys.value("lossLimit", default: lossLimit) { $0.number(0...1e9, excluding: 0) }
    proximal = keys.value("proximal", default: proximal) { $0.number(0...1e6) }
  }
}

extension TrainingSection: Encodable {
  /// The names in a plan's JSON; two of them as they were first, since readers of plans know them.
  private enum CodingKeys: String, CodingKey {
    case epochs, batch, learningRate, schedule, optimizer, momentum, nesterov
    case beta2 = "decay"
    case epsilon = "floor"
    case weightDecay, clipNorm, lossLimit, proximal, correction
  }

  /// Writes the hyperparameters of a plan, without what means nothing to the optimizer.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(epochs, forKey: .epochs)
    try container.encode(batch, forKey: .batch)
    try container.encode(settings.learningRate, forKey: .learningRate)
    try container.encode(schedule.canonical, forKey: .schedule)
    try container.encode(settings.optimizer.rawValue, forKey: .optimizer)
    try container.encode(settings.momentum, forKey: .momentum)
    try container.encode(settings.nesterov, forKey: .nesterov)
    if settings.optimizer == .adam {
      try container.encode(settings.beta2, forKey: .beta2)
      try container.encode(settings.epsilon, forKey: .epsilon)
    }
    try container.encode(settings.weightDecay, forKey: .weightDecay)
    try container.encodeIfPresent(settings.clipNorm, forKey: .clipNorm)
    try container.encode(settings.lossLimit, forKey: .lossLimit)
    try container.encode(settings.proximal, forKey: .proximal)
    try container.encode(correction.rawValue, forKey: .correction)
  }
}
