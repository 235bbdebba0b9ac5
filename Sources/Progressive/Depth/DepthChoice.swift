import Measures

/// A client of a round for which a depth is chosen.
public struct DepthCandidate: Hashable, Sendable {
  /// The client.
  public var client: Int
  /// The deepest stage that it can train.
  public var limit: Int
  /// The number of its samples; nil where that isn't known.
  public var samples: Int?

  /// A client that can train the stages up to `limit`.
  public init(client: Int, limit: Int, samples: Int? = nil) {
    self.client = client
    self.limit = limit
    self.samples = samples
  }
}

/// The clients of a round whose depths are chosen already.
public struct DepthsAsked: Hashable, Sendable {
  /// The number of the clients.
  public var clients: Int
  /// The number of those that train the whole stage.
  public var whole: Int

  /// So many clients, of whom so many train the whole stage.
  public init(clients: Int = 0, whole: Int = 0) {
    self.clients = clients
    self.whole = whole
  }
}

/// The depths of a round's clients.
public struct DepthChoice: Hashable, Sendable {
  /// The stage that each client trains, in the order of the candidates.
  public var depths: [Int]
  /// The time within which clients are expected to be done.
  public var target: Duration
  /// The expected length of the round.
  public var length: Duration
}

extension DepthPlan {
  /// The depths of a round's clients.
  ///
  /// A function of its arguments alone.
  ///
  /// - Parameters:
  ///   - candidates: The clients.
  ///   - stages: The stages of which there are heads, in rising order; the last is the round's.
  ///   - ending: The end of the round.
  ///   - record: The course of earlier rounds.
  ///   - others: The clients of the round that were asked before.
  /// - Returns: A depth for each client, which is one of `stages`.
  public func choice(
    for candidates: [DepthCandidate], stages: [Int], ending: RoundEnding, record: DepthRecord,
    beside others: DepthsAsked = DepthsAsked()
  ) -> DepthChoice {
    let lots = RandomStream(seed: UInt64(record.allDeepTurns))
    let options = candidates.map { candidate in
      DepthOptions(candidate, stages: stages, plan: self, record: record, lots: lots)
    }
    let search = DepthSearch(
      plan: self, options: options, stage: stages.last ?? 1, ending: ending,
      gap: record.gap(clients: candidates.count, in: self),
      bounds: bounds(of: options, stage: stages.last, beside: others))
    if let target { return search.choice(by: target) }
    return search.choice()
  }

  /// The numbers of clients that are to train the whole stage, at least and at most, so that with
  /// those that were asked before the shares are those of all.
  ///
  /// Somebody always may: a block that nobody trains isn't worth sending.
  private func bounds(
    of options: [DepthOptions], stage: Int?, beside others: DepthsAsked
  ) -> ClosedRange<Int> {
    let able = options.count { $0.times.last?.stage == stage }
    let all = others.clients + options.count
    let most = most.map { max(1, $0.of(all, rounded: .down)) - others.whole } ?? able
    let needed = least.of(all, rounded: .up) - others.whole
    return min(able, max(0, min(needed, most)))...max(0, most)
  }
}

/// The search for the depths of one round.
private struct DepthSearch {
  /// The most targets that a round looks at.
  private static let mostTargets = 256

  let plan: DepthPlan
  let options: [DepthOptions]
  /// The stage of the round.
  let stage: Int
  let ending: RoundEnding
  /// The probability that somebody doesn't come.
  let gap: Double
  /// The numbers of clients that are to train the whole stage.
  let bounds: ClosedRange<Int>

  /// The sub-models of the clients, in their order.
  private typealias Depths = [DepthOptions.Option]

  /// The choice by a target that is set.
  func choice(by target: Duration) -> DepthChoice {
    let chosen = able(within: target)
    let whole = chosen.indices.filter { chosen[$0].stage == stage }
    return evaluated(filled(whole, within: target, beside: chosen), target).choice
  }

  /// The choice by the target that yields most.
  ///
  /// Where those that make it are fewer than the least number, others train the whole stage beside
  /// them, and no more than that: a target by which all can would have all wait for the slowest.
  func choice() -> DepthChoice {
    let targets = targets
    let free = best(of: targets) { able(within: $0) }
    guard let free else { return DepthChoice(depths: [], target: .zero, length: .zero) }
    let whole = free.depths.indices.filter { free.depths[$0] == stage }
    guard whole.count < bounds.lowerBound else { return free }
    let bound = best(of: targets) { target in
      let below = options.map { $0.deepest(within: target, below: stage) }
      return filled(whole, within: target, beside: below)
    }
    return bound ?? free
  }

  /// The best of the choices that targets lead to.
  private func best(
    of targets: [Duration], _ chosen: (_ target: Duration) -> Depths
  ) -> DepthChoice? {
    var best: (choice: DepthChoice, isEnough: Bool, yield: Double)?
    for target in targets {
      let next = evaluated(chosen(target), target)
      // Of equals the longer one, which comes later, covers more.
      if let best, (best.isEnough ? 1 : 0, best.yield) > (next.isEnough ? 1 : 0, next.yield) {
        continue
      }
      best = next
    }
    return best?.choice
  }

  /// The times that are worth looking at: those at which some client's depth changes.
  private var targets: [Duration] {
    let all = Set(options.flatMap { $0.times.map { min($0.time, ending.deadline) } }).sorted()
    guard all.count > Self.mostTargets else { return all }
    return (1...Self.mostTargets).map { all[$0 * all.count / Self.mostTargets - 1] }
  }

  /// The deepest sub-models that clients make within a target.
  ///
  /// Where more than the most make the whole stage, those with more such turns train less.
  private func able(within target: Duration) -> Depths {
    var chosen = options.map { $0.deepest(within: target) }
    let whole = options.indices.filter { chosen[$0].stage == stage }
    guard whole.count > bounds.upperBound else { return chosen }
    let turns = whole.sorted { options[$0].turn < options[$1].turn }
    for index in turns.dropFirst(bounds.upperBound) {
      chosen[index] = options[index].deepest(within: target, below: stage)
    }
    return chosen
  }

  /// The given depths, with the whole stage for the clients `whole` and for as many others as are
  /// lacking to the least number.
  private func filled(
    _ whole: [Int], within target: Duration, beside depths: Depths
  ) -> Depths {
    var chosen = depths
    let others = Set(options.indices.filter { options[$0].canTrain(stage) })
      .subtracting(whole)
      .sorted { one, other in
        options[one].precedes(options[other], target: target, deadline: ending.deadline)
      }
    for index in whole + others.prefix(max(0, bounds.lowerBound - whole.count)) {
      chosen[index] = options[index].times.last ?? chosen[index]
    }
    return chosen
  }

  /// The length and the yield that depths are expected to have.
  ///
  /// Enough are in time where updates of the whole stage hold the least share, or the quorum's, of
  /// the samples of the least share: of those that were asked for it, as the round waits for them,
  /// or else of all that can train it.
  private func evaluated(
    _ chosen: Depths, _ target: Duration
  ) -> (choice: DepthChoice, isEnough: Bool, yield: Double) {
    let times = chosen.map(\.time).sorted()
    let whole = chosen.filter { $0.stage == stage }.map(\.time).sorted()
    let end = ending.length(times, whole: whole, least: plan.least)
    let length = ending.length(times, whole: whole, least: plan.least, gap: gap)
    var covering = Array(repeating: 0.0, count: plan.parameters.count)
    var (inTime, possible, all) = (0.0, 0.0, 0.0)
    for (option, depth) in zip(options, chosen) {
      all += option.samples
      let isAsked = depth.stage == stage
      if isAsked || (!ending.awaitsWhole && option.canTrain(stage)) { possible += option.samples }
      guard depth.time <= end else { continue }
      if isAsked { inTime += option.samples }
      if covering.indices.contains(depth.stage - 1) { covering[depth.stage - 1] += option.samples }
    }
    let share = ending.quorum.map { Double($0) / Double(max($0, options.count)) } ?? 1
    let needed = min(plan.least.value, share) * min(plan.least.value * all, possible)
    let choice = DepthChoice(depths: chosen.map(\.stage), target: target, length: length)
    return (choice, inTime >= needed, yield(covering, per: length))
  }

  /// The yield of a round per second: over its blocks the parameters times √n, n being the samples
  /// of the clients that cover the block, of which `covering` has those that go no deeper.
  private func yield(_ covering: [Double], per length: Duration) -> Double {
    var (samples, sum) = (0.0, 0.0)
    for (parameters, count) in zip(plan.parameters, covering).reversed() {
      samples += count
      sum += Double(parameters) * samples.squareRoot()
    }
    return sum / max(length.seconds, 1e-3)
  }
}

/// The sub-models that a client can train, with the times that it is expected to take.
private struct DepthOptions {
  /// A sub-model and its time.
  typealias Option = (stage: Int, time: Duration)

  /// The client.
  let client: Int
  /// The sub-models, in rising order; never none.
  let times: [Option]
  /// The number of its samples.
  let samples: Double
  /// The place in the order of those that make the whole stage: by turns, and then by lot.
  let turn: (turns: Int, lot: UInt64, client: Int)

  init(
    _ candidate: DepthCandidate, stages: [Int], plan: DepthPlan, record: DepthRecord,
    lots: RandomStream
  ) {
    client = candidate.client
    samples = Double(candidate.samples ?? plan.samples)
    let lot = lots.stream("depth", candidate.client).value(at: 0)
    turn = (record.deepTurns(of: candidate.client), lot, candidate.client)
    let pace = plan.rule == .byTime ? record.pace(of: candidate.client, in: plan) : 1
    let possible = stages.filter { $0 <= candidate.limit }
    times = (possible.isEmpty ? Array(stages.prefix(1)) : possible).map { stage in
      let expected = plan.expected(
        candidate.client, stage: stage, samples: candidate.samples)
      let seconds = (expected ?? .zero).seconds * pace
      guard seconds < DepthPlan.longest.seconds else { return (stage, DepthPlan.longest) }
      return (stage, (expected ?? .zero) * pace)
    }
  }

  /// True if it has the memory for `stage`.
  func canTrain(_ stage: Int) -> Bool { times.last?.stage == stage }

  /// The deepest sub-model that takes no longer than `target`, and is less than `stage` if there is
  /// such; the first if none does.
  func deepest(within target: Duration, below stage: Int = .max) -> Option {
    times.last { $0.time <= target && $0.stage < stage } ?? times.first ?? (1, .zero)
  }

  /// True if this client is the first to train a stage beside those that make it: it is expected to
  /// make the target, or else the deadline, or had fewer such turns, or takes less time.
  func precedes(_ other: DepthOptions, target: Duration, deadline: Duration) -> Bool {
    let (own, others) = (times.last?.time ?? .zero, other.times.last?.time ?? .zero)
    for limit in [target, deadline] where (own <= limit) != (others <= limit) {
      return own <= limit
    }
    if turn.turns != other.turn.turns { return turn.turns < other.turn.turns }
    return own != others ? own < others : client < other.client
  }
}
