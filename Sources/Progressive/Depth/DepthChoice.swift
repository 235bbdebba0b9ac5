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
  /// The most targets that a round looks at.
  private static let mostTargets = 256

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
    let options = candidates.map { candidate in
      DepthOptions(candidate, stages: stages, plan: self, record: record)
    }
    let needed = needed(of: options, stage: stages.last, beside: others)
    let gap = record.gap(clients: candidates.count, in: self)
    let targets = target.map { [$0] } ?? targets(of: options, ending: ending)
    var best: (choice: DepthChoice, isEnough: Bool, yield: Double)?
    for target in targets {
      let chosen = chosen(
        of: options, target: target, stages: stages, needed: needed, ending: ending)
      let times = chosen.map(\.time).sorted()
      let (end, length) = (ending.length(times), ending.length(times, gap: gap))
      let inTime = chosen.filter { $0.time <= end }
      let isEnough = inTime.count { $0.stage == stages.last } >= needed
      let yield = yield(of: inTime, per: length)
      // Of equals the longer one, which comes later, covers more.
      if let best, (best.isEnough ? 1 : 0, best.yield) > (isEnough ? 1 : 0, yield) { continue }
      best = (
        DepthChoice(depths: chosen.map(\.stage), target: target, length: length), isEnough, yield
      )
    }
    return best?.choice ?? DepthChoice(depths: [], target: .zero, length: .zero)
  }

  /// The times that are worth looking at: those at which some client's depth changes.
  private func targets(of options: [DepthOptions], ending: RoundEnding) -> [Duration] {
    let all = Set(options.flatMap { $0.times.map { min($0.time, ending.deadline) } }).sorted()
    guard all.count > Self.mostTargets else { return all }
    return (1...Self.mostTargets).map { all[$0 * all.count / Self.mostTargets - 1] }
  }

  /// The depths that a target leads to.
  private func chosen(
    of options: [DepthOptions], target: Duration, stages: [Int], needed: Int,
    ending: RoundEnding
  ) -> [DepthOptions.Option] {
    var chosen = options.map { $0.deepest(within: target) }
    if let stage = stages.last {
      let lacking = needed - chosen.count { $0.stage == stage }
      let others = options.indices.filter {
        options[$0].times.last?.stage == stage && chosen[$0].stage < stage
      }.sorted { one, other in
        options[one].precedes(options[other], deadline: ending.deadline)
      }
      for index in others.prefix(max(0, lacking)) {
        chosen[index] = options[index].times.last ?? chosen[index]
      }
    }
    return chosen
  }

  /// The number of clients that are to train the whole stage at least, so that with those that were
  /// asked before the share is the least of all.
  private func needed(of options: [DepthOptions], stage: Int?, beside others: DepthsAsked) -> Int {
    let able = options.count { $0.times.last?.stage == stage }
    let all = least.of(others.clients + options.count, rounded: .up)
    return min(able, max(0, all - others.whole))
  }

  /// The yield of a round per second: over its blocks the parameters times √n, n being those of the
  /// clients that cover the block.
  private func yield(of inTime: [DepthOptions.Option], per length: Duration) -> Double {
    var covering = Array(repeating: 0, count: parameters.count)
    for option in inTime where covering.indices.contains(option.stage - 1) {
      covering[option.stage - 1] += 1
    }
    var (clients, sum) = (0, 0.0)
    for (block, count) in covering.enumerated().reversed() {
      clients += count
      sum += Double(parameters[block]) * Double(clients).squareRoot()
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
  /// The number of rounds in which it trained all of the stage.
  let deepTurns: Int

  init(_ candidate: DepthCandidate, stages: [Int], plan: DepthPlan, record: DepthRecord) {
    client = candidate.client
    deepTurns = record.deepTurns(of: candidate.client)
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

  /// The deepest sub-model that takes no longer than `target`; the first if none does.
  func deepest(within target: Duration) -> Option {
    times.last { $0.time <= target } ?? times.first ?? (1, .zero)
  }

  /// True if this client is the first to train a stage that it isn't expected to finish in time: it
  /// is expected to make the deadline, or had fewer such turns, or takes less time.
  func precedes(_ other: DepthOptions, deadline: Duration) -> Bool {
    let (own, others) = (times.last?.time ?? .zero, other.times.last?.time ?? .zero)
    if (own <= deadline) != (others <= deadline) { return own <= deadline }
    if deepTurns != other.deepTurns { return deepTurns < other.deepTurns }
    return own != others ? own < others : client < other.client
  }
}
