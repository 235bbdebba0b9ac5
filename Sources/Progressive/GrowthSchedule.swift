/// The schedule of growth: the rounds of each stage and of its warm-up.
///
/// Rounds and stages count from 1. A strategy that doesn't grow has as many steps, of the same
/// lengths.
public struct GrowthSchedule: Hashable, Sendable {
  /// The rounds of each stage, the most where a trigger may end it; as many entries as sub-models,
  /// S.
  public let rounds: [Int]
  /// On entering a stage after the first, how many rounds train only the newest block and its head,
  /// T_w.
  public let warmUpRounds: Int
  /// The strategy, which says what each step trains.
  public var strategy: Strategy
  /// The trigger that ends a stage early.
  public var trigger: GrowthTrigger
  /// The fewest rounds of a stage that a trigger may end.
  public var minimumRounds: Int
  /// True if the learning rate's schedule begins anew with each stage.
  public var restartsLearningRate: Bool
  /// Over how many rounds the learning rate of a newest block and its head rises to the others'.
  public var rampRounds: Int
  /// The turns by which rounds of the last step train parts of the model; nil where all of it is
  /// trained.
  public var parts: PartCycle?
  /// The number of blocks that rest in a round, while the server makes their last steps again.
  public var resting: Int

  /// A schedule with explicit rounds for each stage.
  ///
  /// The warm-up is cut where a stage is shorter.
  ///
  /// - Parameters:
  ///   - rounds: The rounds of each stage.
  ///   - warmUpRounds: The rounds of warm-up at the head of each stage but the first.
  ///   - strategy: The strategy, which decides what each step trains.
  ///   - trigger: The trigger that ends a stage early.
  ///   - minimumRounds: The fewest rounds of a stage.
  ///   - restartsLearningRate: True if the learning rate's schedule begins anew with each stage.
  ///   - rampRounds: Over how many rounds a newest block's learning rate rises.
  ///   - parts: The turns by which rounds of the last step train parts of the model.
  ///   - resting: The number of blocks that rest in a round.
  public init(
    rounds: [Int], warmUpRounds: Int = 0, strategy: Strategy = .progressive,
    trigger: GrowthTrigger = .planned, minimumRounds: Int = 1, restartsLearningRate: Bool = false,
    rampRounds: Int = 0, parts: PartCycle? = nil, resting: Int = 0
  ) {
    precondition(!rounds.isEmpty && rounds.allSatisfy { $0 >= 0 }, "rounds per stage: \(rounds)")
    precondition(warmUpRounds >= 0, "\(warmUpRounds) rounds of warm-up")
    precondition(resting >= 0, "\(resting) blocks that rest")
    self.rounds = rounds
    self.warmUpRounds = warmUpRounds
    self.strategy = strategy
    self.trigger = trigger
    self.minimumRounds = minimumRounds
    self.restartsLearningRate = restartsLearningRate
    self.rampRounds = rampRounds
    self.parts = parts
    self.resting = resting
  }

  /// The paper's rule: each stage but the last lasts T/(2S) rounds, the last what is left.
  ///
  /// T `total` rounds, S `stages`; a remainder of the division goes to the last stage.
  public init(total: Int, stages: Int, warmUpRounds: Int = 0) {
    precondition(total >= 0 && stages > 0, "\(total) rounds in \(stages) stages")
    self.init(total: total, stages: stages, each: total / (2 * stages), warmUpRounds: warmUpRounds)
  }

  /// Each stage but the last lasts `each` rounds, T_s in the paper, the last what is left of
  /// `total`.
  public init(total: Int, stages: Int, each: Int, warmUpRounds: Int = 0) {
    let early = Array(repeating: each, count: stages - 1)
    let last = total - each * (stages - 1)
    precondition(last >= 0, "\(stages) stages of \(each) rounds don't fit in \(total)")
    self.init(rounds: early + [last], warmUpRounds: warmUpRounds)
  }

  /// The number of stages, S in the paper.
  public var stages: Int { rounds.count }

  /// All rounds, T in the paper.
  public var totalRounds: Int { rounds.reduce(0, +) }

  /// The first round of each stage, where all are as long as planned.
  var plannedStarts: [Int] {
    var next = 1
    return rounds.map { length in
      defer { next += length }
      return next
    }
  }

  /// The starts of the next stage, which begins in `round` after `begun` others, and of those
  /// without rounds that it follows.
  func starts(from round: Int, after begun: Int = 0) -> [Int] {
    let empty = rounds.dropFirst(begun).dropLast().prefix { $0 == 0 }.count
    return Array(repeating: round, count: empty + 1)
  }

  /// The phase of `round` where all stages are as long as planned.
  ///
  /// A round beyond the last belongs to the last stage.
  public func phase(in round: Int) -> Phase { phase(in: round, starts: plannedStarts) }

  /// The phase of `round` where the stages that have begun by then began in the rounds `starts`.
  func phase(in round: Int, starts: [Int]) -> Phase {
    precondition(round >= 1, "round \(round): rounds count from 1")
    guard let index = starts.lastIndex(where: { $0 <= round }) else {
      preconditionFailure("no stage begins with round 1: \(starts)")
    }
    let inStage = round - starts[index] + 1
    let length =
      starts.indices.contains(index + 1)
      ? starts[index + 1] - starts[index] : longest(index, from: starts[index])
    // The stage that a run begins with, all before it being without rounds, has no warm-up.
    let warmUp = starts[index] == 1 ? 0 : min(warmUpRounds, length)
    let warmUpSoFar = min(inStage, warmUp)
    let earlier = starts.indices.prefix(index).reduce(0) { sum, stage in
      starts[stage] > 1 ? sum + min(warmUpRounds, starts[stage + 1] - starts[stage]) : sum
    }
    // The learning rate stands still in warm-up (PROGFED: “does not advance”).
    let (rateRound, rateRounds) =
      restartsLearningRate
      ? (inStage - warmUpSoFar, length - warmUp)
      : (round - earlier - warmUpSoFar, learningRateRounds)
    let isLater = strategy.warmsUp && starts[index] > 1
    let ramps = isLater && inStage < rampRounds
    // What is new is trained first: the turns begin when it is like the others.
    let turn = inStage - max(warmUp, isLater ? rampRounds - 1 : 0)
    let part = index == stages - 1 && turn >= 1 ? parts?.block(in: turn, of: stages) : nil
    return Phase(
      round: round, stage: strategy.grows ? index + 1 : stages, roundInStep: inStage,
      warmUp: inStage <= warmUp, learningRateRound: max(1, rateRound),
      learningRateRounds: max(1, rateRounds), strategy: strategy, step: index + 1,
      newBlockRate: ramps ? Double(inStage) / Double(rampRounds) : 1, part: part)
  }

  /// The most rounds of stage `index`, from 0, which began in round `start`.
  private func longest(_ index: Int, from start: Int) -> Int {
    index == stages - 1 ? max(0, totalRounds - start + 1) : rounds[index]
  }

  /// The number of rounds of the learning rate's schedule: all but those of warm-up.
  public var learningRateRounds: Int {
    let later = rounds.drop { $0 == 0 }.dropFirst()
    return max(1, totalRounds - later.reduce(0) { $0 + min(warmUpRounds, $1) })
  }
}
