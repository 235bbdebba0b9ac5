import Models
import Progressive

extension StagesSection {
  /// The schedule for a model; nil, with a fault, if the section allows none.
  ///
  /// - Parameters:
  ///   - total: All rounds, T, as the file says; nil where it leaves them to `stages.rounds`.
  ///   - override: All rounds as the command line says: explicit stages are scaled to them.
  ///   - architecture: The model, of S stages.
  ///   - strategy: The strategy; end-to-end training gives all rounds to the last stage.
  ///   - reading: Takes the faults.
  /// - Returns: A schedule of S stages.
  func schedule(
    total: Int?, override: Int?, of architecture: Architecture, strategy: Strategy,
    reading: Reading
  ) -> GrowthSchedule? {
    let stages = architecture.stages
    if strategy.isOneStep, rounds == nil {
      return (override ?? total).map { lastAlone($0, stages: stages, strategy) }
    }
    guard
      let planned = planned(
        total: total, override: override, of: architecture, strategy: strategy, reading: reading)
    else { return nil }
    if strategy.isOneStep {
      return lastAlone(override ?? planned.reduce(0, +), stages: stages, strategy)
    }
    guard let override else {
      return schedule(planned, strategy, isScaled: false, of: architecture, reading: reading)
    }
    guard let rounds = Self.scale(planned, to: override) else {
      reading.report(
        "rounds", "\(override) rounds are too few for \(planned.count { $0 > 0 }) stages",
        remedy: "ask for \(planned.count { $0 > 0 }) at least, or for end-to-end training")
      return nil
    }
    return schedule(rounds, strategy, isScaled: true, of: architecture, reading: reading)
  }

  /// True if the stages get their rounds by what their sub-models are worth.
  private func goesByHorizon(_ strategy: Strategy) -> Bool {
    rounds == nil && each == nil && rule == .horizon && trigger == .planned
      && strategy.revisitsBlocks
  }

  /// The first values of a new block and head where none are asked for.
  ///
  /// What a sub-model learnt in a round or two isn't worth going on from: half of a continued
  /// block's channels are means of what came before, and its head ignores the others.
  func usualEntry(_ strategy: Strategy) -> BlockEntry {
    goesByHorizon(strategy) ? .random : .standard
  }

  /// The full model in all rounds: nothing grows, so nothing is warmed up.
  private func lastAlone(
    _ rounds: Int, stages: Int, _ strategy: Strategy
  ) -> GrowthSchedule {
    GrowthSchedule(
      rounds: Array(repeating: 0, count: stages - 1) + [rounds], strategy: strategy,
      parts: turns(strategy), resting: resting(strategy, of: stages))
  }

  /// The number of blocks that rest in a round of a strategy.
  private func resting(_ strategy: Strategy, of stages: Int) -> Int {
    guard strategy.recycles else { return 0 }
    return resting ?? (strategy == .fedLUAR ? stages / 2 : 0)
  }

  /// The turns by which a strategy's rounds of the full model train parts of it.
  private func turns(_ strategy: Strategy) -> PartCycle? {
    guard strategy.takesParts else { return nil }
    return parts ?? (strategy == .fedPart ? .standard : nil)
  }

  /// The rounds of each stage, before the command line's total.
  private func planned(
    total: Int?, override: Int?, of architecture: Architecture, strategy: Strategy,
    reading: Reading
  ) -> [Int]? {
    let stages = architecture.stages
    if let rounds {
      guard rounds.count == stages else {
        reading.report(
          "stages.rounds",
          "stages.rounds has \(rounds.count) values for the model's \(stages) stages",
          remedy: "write \(stages) values")
        return nil
      }
      let sum = rounds.reduce(0, +)
      guard override != nil || total == nil || total == sum else {
        reading.report(
          "stages.rounds", "stages.rounds add up to \(sum), not to the \(total ?? 0) of rounds",
          remedy: "change one of them, or leave rounds out")
        return nil
      }
      return rounds
    }
    guard let rounds = each == nil ? override ?? total : total ?? override else { return nil }
    // Who leaves blocks behind for good needs all the rounds that the paper gives them; a trigger
    // ends a stage that has nothing left to learn.
    if goesByHorizon(strategy) {
      return GrowthSchedule.horizon(
        total: rounds, worths: architecture.worths, warmUpRounds: warmUp ?? 0)
    }
    guard rounds >= stages else {
      reading.report(
        "rounds", "\(rounds) rounds are too few for \(stages) stages",
        remedy: "ask for \(stages) at least, or for end-to-end training")
      return nil
    }
    // The paper's rule, T/(2S), but no stage is left out; twice as long where it may end sooner.
    let rule = trigger == .planned ? rounds / (2 * stages) : rounds / stages
    let early = each ?? max(1, rule)
    guard early * (stages - 1) < rounds else {
      reading.report(
        "stages.each",
        "\(stages - 1) stages of \(early) rounds leave none of \(rounds) for the last",
        remedy: "write \((rounds - 1) / max(1, stages - 1)) at most, or raise rounds")
      return nil
    }
    let (short, long) = (
      Array(repeating: early, count: stages - 1), rounds - early * (stages - 1)
    )
    // Whoever freezes begins with what others end with: all that there is is trained.
    return strategy.beginsWithMost && trigger == .planned ? [long] + short : short + [long]
  }

  private func schedule(
    _ rounds: [Int], _ strategy: Strategy, isScaled: Bool, of architecture: Architecture,
    reading: Reading
  ) -> GrowthSchedule? {
    var schedule = GrowthSchedule(
      rounds: rounds, strategy: strategy, trigger: trigger,
      restartsLearningRate: restartsLearningRate, rampRounds: ramp, parts: turns(strategy),
      resting: resting(strategy, of: rounds.count))
    // Those after the first that has rounds may begin with a warm-up.
    guard let shortest = rounds.drop(while: { $0 == 0 }).dropFirst().filter({ $0 > 0 }).min()
    else { return schedule }
    var warmUpRounds = 0
    if strategy.warmsUp, let warmUp {
      guard isScaled || warmUp < shortest else {
        reading.report(
          "stages.warmUp", "stages.warmUp of \(warmUp) rounds fills a stage of \(shortest)",
          remedy: warmUpRemedy(rounds, shortest: shortest, strategy, of: architecture))
        return nil
      }
      warmUpRounds = min(warmUp, shortest - 1)
    }
    schedule = GrowthSchedule(
      rounds: rounds, warmUpRounds: warmUpRounds, strategy: strategy, trigger: trigger,
      minimumRounds: trigger == .planned ? 1 : max(minimum ?? 1, warmUpRounds + 1),
      restartsLearningRate: restartsLearningRate, rampRounds: ramp, parts: turns(strategy),
      resting: resting(strategy, of: rounds.count))
    guard trigger != .planned, !isScaled,
      let most = rounds.dropLast().filter({ $0 > 0 }).min(),
      schedule.minimumRounds > most
    else { return schedule }
    reading.report(
      "stages.minimum",
      "stages.minimum of \(schedule.minimumRounds) rounds is more than a stage's \(most)",
      remedy: "write \(most) at most, or lengthen the stage")
    return nil
  }

  /// The remedy where a warm-up leaves none of a stage's rounds.
  ///
  /// Who gave the rounds of stages can lengthen one; where a rule gave them, it goes by all rounds.
  private func warmUpRemedy(
    _ rounds: [Int], shortest: Int, _ strategy: Strategy, of architecture: Architecture
  ) -> String {
    guard self.rounds == nil, each == nil else {
      return "write \(shortest - 1) at most, or lengthen the stage"
    }
    guard goesByHorizon(strategy) else {
      return "write \(shortest - 1) at most, or raise rounds"
    }
    // A smaller warm-up gets longer stages.
    let (total, worths) = (rounds.reduce(0, +), architecture.worths)
    var most = min(warmUp ?? 0, total / max(1, rounds.count - 1))
    while most > 0,
      !GrowthSchedule.horizon(total: total, worths: worths, warmUpRounds: most).dropFirst()
        .allSatisfy({ $0 > most })
    { most -= 1 }
    return "write \(most) at most, or raise rounds"
  }

  /// `rounds` in the same proportion but `total` in all, one at least for each stage that has any;
  /// nil if `total` is too small.
  static func scale(_ rounds: [Int], to total: Int) -> [Int]? {
    let stages = rounds.count { $0 > 0 }
    guard total >= stages else { return nil }
    let sum = rounds.reduce(0, +)
    var (before, end, left) = (0, 0, stages)
    return rounds.map { length in
      guard length > 0 else { return 0 }
      before += length
      left -= 1
      // Where the running sum falls, but with a round left for this stage and each one after it.
      let share = (Double(before) * Double(total) / Double(sum)).rounded()
      let next = min(max(Int(share), end + 1), total - left)
      defer { end = next }
      return next - end
    }
  }
}

extension Architecture {
  /// The worth of each sub-model as a part of the full one, from 0 to 1.
  fileprivate var worths: [Double] {
    let parameters = (1...stages).map { Double(parameterCount(stage: $0)) }
    let operations = (1...stages).map { Double(trainingFLOPs(stage: $0)) }
    return (0..<stages).map { stage in
      GrowthSchedule.worth(
        parameters: parameters[stage] / max(1, parameters[stages - 1]),
        operations: operations[stage] / max(1, operations[stages - 1]))
    }
  }
}
