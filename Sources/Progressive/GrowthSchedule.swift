/// When the model grows: the rounds of each stage and of its warm-up.
///
/// Rounds and stages count from 1.
public struct GrowthSchedule: Hashable, Sendable {
  /// How many rounds each stage lasts; as many entries as sub-models, S in the paper.
  public let rounds: [Int]
  /// On entering a stage after the first, how many rounds train only the newest block and its head, T_w.
  public let warmUpRounds: Int

  /// A schedule with explicit rounds for each stage.
  ///
  /// The warm-up is cut where a stage is shorter.
  public init(rounds: [Int], warmUpRounds: Int = 0) {
    precondition(!rounds.isEmpty && rounds.allSatisfy { $0 >= 0 }, "rounds per stage: \(rounds)")
    precondition(warmUpRounds >= 0, "\(warmUpRounds) rounds of warm-up")
    self.rounds = rounds
    self.warmUpRounds = warmUpRounds
  }

  /// The paper's rule: each stage but the last lasts T/(2S) rounds, the last what is left.
  ///
  /// T `total` rounds, S `stages`; a remainder of the division goes to the last stage.
  public init(total: Int, stages: Int, warmUpRounds: Int = 0) {
    precondition(total >= 0 && stages > 0, "\(total) rounds in \(stages) stages")
    self.init(total: total, stages: stages, each: total / (2 * stages), warmUpRounds: warmUpRounds)
  }

  /// Each stage but the last lasts `each` rounds, T_s in the paper, the last what is left of `total`.
  public init(total: Int, stages: Int, each: Int, warmUpRounds: Int = 0) {
    let early = Array(repeating: each, count: stages - 1)
    let last = total - each * (stages - 1)
    precondition(last >= 0, "\(stages) stages of \(each) rounds don't fit in \(total)")
    self.init(rounds: early + [last], warmUpRounds: warmUpRounds)
  }

  /// How many stages there are, S in the paper.
  public var stages: Int { rounds.count }

  /// All rounds, T in the paper.
  public var totalRounds: Int { rounds.reduce(0, +) }

  /// What happens in `round`; a round beyond the last belongs to the last stage.
  public func phase(in round: Int) -> Phase {
    precondition(round >= 1, "round \(round): rounds count from 1")
    var before = 0
    var warmUps = 0
    for (index, length) in rounds.enumerated() {
      let warmUp = index == 0 ? 0 : min(warmUpRounds, length)
      if round <= before + length || index == rounds.count - 1 {
        let inStage = round - before
        return Phase(
          round: round, stage: index + 1, roundInStage: inStage, warmUp: inStage <= warmUp,
          // The learning rate stands still in warm-up (PROGFED: "does not advance").
          learningRateRound: max(1, round - warmUps - min(inStage, warmUp)))
      }
      before += length
      warmUps += warmUp
    }
    preconditionFailure("a schedule has at least one stage")
  }

  /// How many rounds the learning rate's schedule lasts: all but those of warm-up.
  public var learningRateRounds: Int {
    max(1, totalRounds - rounds.dropFirst().reduce(0) { $0 + min(warmUpRounds, $1) })
  }
}
