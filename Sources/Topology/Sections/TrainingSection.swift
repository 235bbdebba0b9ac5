package import Federation
package import Neural
package import Progressive

/// The section `training`: what a client does with its samples in a round.
package struct TrainingSection: Hashable, Sendable {
  /// How often a client goes through its samples.
  package var epochs = 1
  /// The samples of a step, B.
  package var batch = 20
  /// The learning rate before any decay.
  package var learningRate = 0.05
  /// How the learning rate changes over the rounds.
  package var schedule = LearningRateSchedule.constant
  /// What is made of a gradient.
  package var optimizer = TrainingSettings.Optimizer.sgd
  /// The share of the former direction that is kept, in [0, 1); Adam's β₁.
  package var momentum = 0.9
  /// Whether the momentum looks ahead.
  package var nesterov = false
  /// The share of the former squares that Adam keeps, in [0, 1), β₂.
  package var beta2 = 0.999
  /// What Adam adds to a scalar's running size, ε.
  package var epsilon = 1e-8
  /// The factor of the squared norm's gradient.
  package var weightDecay = 1e-4
  /// The largest norm of a step's gradient; nil for any.
  package var clipNorm: Double? = 1
  /// The largest mean loss of a batch that is still learned from; the authors' own limit.
  package var lossLimit = 10.0
  /// The pull towards the values at the round's start, μ in FedProx.
  package var proximal = 0.0
  /// What is added to gradients so that clients whose samples differ don't drift apart.
  package var correction = Correction.none

  /// The settings by default.
  package init() {}

  /// What the trainer is told, with the learning rate of the round.
  package func settings(learningRate: Float) -> TrainingSettings {
    var settings = TrainingSettings(learningRate: learningRate)
    settings.optimizer = optimizer
    settings.momentum = Float(momentum)
    settings.nesterov = nesterov
    settings.beta2 = Float(beta2)
    settings.epsilon = Float(epsilon)
    settings.weightDecay = Float(weightDecay)
    settings.clipNorm = clipNorm.map { Float($0) }
    settings.lossLimit = lossLimit
    settings.proximal = Float(proximal)
    return settings
  }

  /// How a client's steps add up to its update, where its optimizer is stochastic gradient descent.
  package var localSteps: LocalSteps { LocalSteps(momentum: momentum, nesterov: nesterov) }
}

extension TrainingSection {
  init(reading keys: inout KeyReader) {
    epochs = keys.value("epochs", default: epochs) { $0.whole(1...1000) }
    batch = keys.value("batch", default: batch) { $0.whole(1...65_536) }
    learningRate = keys.value("learningRate", default: learningRate) {
      $0.number(0...1000, excluding: 0)
    }
    schedule = keys.value("schedule", default: schedule) { .init(reading: $0) }
    optimizer = keys.value("optimizer", default: optimizer) {
      $0.choice(
        "a client's optimizer",
        of: TrainingSettings.Optimizer.allCases.map { ($0.rawValue, $0) })
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
    correction = keys.value("correction", default: correction) {
      $0.choice("a correction", of: Correction.allCases.map { ($0.rawValue, $0) })
    }
    if nesterov, momentum == 0, keys.reading.isSound(keys.full("momentum")) {
      keys.reading.report(
        keys.full("nesterov"), "\(keys.full("nesterov")) looks ahead along a momentum of 0",
        remedy: "write a momentum above 0, or remove nesterov")
    }
    refuseKeysOfOtherOptimizer(keys)
  }

  private func refuseKeysOfOtherOptimizer(_ keys: KeyReader) {
    let (foreign, other) =
      switch optimizer {
      case .sgd: (["beta2", "epsilon", "decay", "floor"], "adam")
      case .adam: (["nesterov"], "sgd")
      }
    for key in foreign where keys.has(key) && keys.reading.isSound(keys.full("optimizer")) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing to \(optimizer.rawValue)",
        remedy: "remove it, or write optimizer: \(other)")
    }
  }

  /// The values as name and text, in a fixed order.
  var canonical: [(String, String)] {
    // Digests of plans hold the names that the keys had first.
    let adam = [("decay", "\(beta2)"), ("floor", "\(epsilon)")]
    let values = [
      ("epochs", "\(epochs)"), ("batch", "\(batch)"), ("learningRate", "\(learningRate)"),
      ("schedule", schedule.canonical), ("optimizer", optimizer.rawValue),
      ("momentum", "\(momentum)"), ("nesterov", "\(nesterov)"),
      ("weightDecay", "\(weightDecay)"), ("clipNorm", clipNorm.map { "\($0)" } ?? "none"),
      ("lossLimit", "\(lossLimit)"), ("proximal", "\(proximal)"),
    ]
    let corrections = correction == .none ? [] : [("correction", correction.rawValue)]
    return (values + (optimizer == .adam ? adam : []) + corrections).map {
      ("training.\($0.0)", $0.1)
    }
  }
}
