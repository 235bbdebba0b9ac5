import Measures
package import Progressive
package import Wire

/// The turns of each client so far, its reliability and pace, the stages that it said it can't
/// train, and its last update that counts.
///
/// A function of the rounds' results alone, in their order.
package struct ParticipationHistory: Hashable, Sendable {
  /// The weight of the last round in ``reliability(of:)``.
  package static let adaptation = 0.3

  /// The number of turns of each client; clients of none are left out.
  private var turns: [Int: Int] = [:]
  private var reliabilities: [Int: Double] = [:]
  /// The stages that clients said they can't train.
  private(set) var restrictions: [Int: Restriction] = [:]
  /// The time that clients took, where depths are chosen by it.
  package private(set) var depths = DepthRecord()
  /// The last update of each client that counts, where clients remember what came with it.
  package private(set) var counted: [Int: CountedUpdate] = [:]
  /// The entries of `counted` that the last round replaced.
  private var replaced: [Int: CountedUpdate?] = [:]

  /// The history of a run that begins.
  package init() {}

  /// The number of the client's turns: rounds in which it was asked, whatever came of it.
  ///
  /// An update that may still count later is a turn once it does, or isn't waited for any more.
  package func turns(of client: Int) -> Int { turns[client] ?? 0 }

  /// The client's reliability, from 0 to 1: the share of turns in which it delivered, as a mean
  /// that forgets.
  ///
  /// r ← (1 − α) r + α, or (1 − α) r if it failed, from 1 on.
  package func reliability(of client: Int) -> Double { reliabilities[client] ?? 1 }

  /// Notes that an update of the client counts.
  package mutating func noteCounted(_ client: Int) {
    turns[client, default: 0] += 1
    adapt(client, to: 1)
  }

  /// Notes that the client was asked and didn't deliver in time, or nothing that counts.
  package mutating func noteFailed(_ client: Int) {
    turns[client, default: 0] += 1
    adapt(client, to: 0)
  }

  /// Notes that the client was asked in vain, through no fault of its own: the round had enough
  /// without it.
  package mutating func noteSurplus(_ client: Int) { turns[client, default: 0] += 1 }

  /// Notes how a round ended, and by `plan` how deep and how long its clients trained; with
  /// `keepsUpdates`, which of their updates counted.
  package mutating func note(
    _ result: RoundResult, depths plan: DepthPlan? = nil, keepsUpdates: Bool = false
  ) {
    if keepsUpdates { noteUpdates(of: result) }
    for (client, outcome) in result.outcomes {
      switch outcome {
      case .accepted: noteCounted(client)
      case .late, .lost, .refused, .declined: noteFailed(client)
      case .surplus: noteSurplus(client)
      case .carried: break  // it may count yet
      }
    }
    for client in result.givenUp { noteFailed(client) }
    restrictions = result.restrictions
    guard let plan, !result.efforts.isEmpty else { return }
    depths.noteRound(
      clients: result.efforts.count, wasKeptOpen: result.efforts.contains { $0.isAwaited },
      in: plan)
    for effort in result.efforts {
      if effort.isWhole { depths.noteDeepTurn(effort.client) }
      guard let time = effort.time else { continue }
      depths.note(
        time, of: effort.client, stage: effort.stage, samples: effort.samples,
        isOver: effort.isOver, in: plan)
    }
  }

  private mutating func noteUpdates(of result: RoundResult) {
    replaced = [:]
    for (client, submission) in result.accepted {
      replaced[client] = .some(counted[client])
      counted[client] = submission.counted
    }
  }

  /// Notes that the last round was discarded: none of its updates counts, and clients go back to
  /// what they remembered before it.
  package mutating func discardLast() {
    for (client, before) in replaced { counted[client] = before }
    replaced = [:]
  }

  private mutating func adapt(_ client: Int, to value: Double) {
    let old = reliability(of: client)
    reliabilities[client] = old + Self.adaptation * (value - old)
  }
}

extension ParticipationHistory: Codable {
  private enum CodingKeys: String, CodingKey {
    case turns, reliabilities, restrictions, depths, lastCounted
    /// The number of updates of each client that counted, as earlier versions kept in place of
    /// turns.
    case counted
  }

  /// Reads a history, also one of a version that knew only which updates counted.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    turns =
      try container.decodeIfPresent([Int: Int].self, forKey: .turns)
      ?? container.decode([Int: Int].self, forKey: .counted)
    reliabilities = try container.decode([Int: Double].self, forKey: .reliabilities)
    restrictions =
      try container.decodeIfPresent([Int: Restriction].self, forKey: .restrictions) ?? [:]
    depths = try container.decodeIfPresent(DepthRecord.self, forKey: .depths) ?? DepthRecord()
    counted =
      try container.decodeIfPresent([Int: CountedUpdate].self, forKey: .lastCounted) ?? [:]
  }

  /// Writes the history.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(turns, forKey: .turns)
    try container.encode(reliabilities, forKey: .reliabilities)
    try container.encode(restrictions, forKey: .restrictions)
    if depths != DepthRecord() { try container.encode(depths, forKey: .depths) }
    if !counted.isEmpty { try container.encode(counted, forKey: .lastCounted) }
  }
}

/// A limit of the stages that a client can train, as it said; it holds until the client joins anew.
package struct Restriction: Hashable, Sendable, Codable {
  /// The worker that said so.
  package var worker: UInt64
  /// The deepest stage that it may be asked for, from 1; 0 for none.
  package var limit: Int

  /// A restriction to the stages up to `limit`, as `worker` said.
  package init(worker: UInt64, limit: Int) {
    self.worker = worker
    self.limit = limit
  }
}
