import Federation
import Measures
import Wire

/// Promises that a broker breaks by its plan, by what it hears, and by what it makes of a round.
extension Mutation {
  /// The plan under which a broker breaks the promise.
  func broken(_ plan: BrokerPlan) -> BrokerPlan {
    var plan = plan
    switch self {
    case .overcommits: plan.limits.bytesInFlight *= 2
    case .keepsIdleGrants: plan.limits.lease = .seconds(1_000_000)
    case .acceptsAnyStaleness: plan.rules.stragglers = plan.rules.stragglers.unlimited
    case .waitsForSurplus:
      plan.rules.clientsPerRound = plan.rules.clientsAsked
      plan.rules.overSelection = 1
    default: break
    }
    return plan
  }

  /// An event as the broker hears it.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - worker: The number of a client's worker; nil while it is down.
  ///   - length: The length of a client's upload; nil if there is none.
  /// - Returns: The event, or another in its place.
  func broken(
    _ event: BrokerEvent, worker: (Int) -> UInt64?, length: (Int) -> Int?
  ) -> BrokerEvent {
    if self == .trustsListeners, case .disconnected = event { return .tick }
    guard case .message(var message, _) = event, let client = message.header.client else {
      return event
    }
    switch (self, message.body) {
    case (.forgetsWhoLeaves, .leave):
      guard let worker = worker(client) else { return event }
      message.body = .leave(worker: worker)
    case (.forgetsMissingRanges, .updateChunk):
      guard let length = length(client) else { return event }
      message.body = .updateChunk(offset: 0, length: length)
    default: return event
    }
    return .message(message)
  }

  /// A round's result as the broker takes it, given the late updates of the round before.
  func broken(
    _ result: RoundResult, late: [(client: Int, submission: Submission)]
  ) -> RoundResult {
    let again =
      switch self {
      case .countsDuplicates where result.duplicates > 0: result.accepted.first
      case .countsLateTwice: late.first
      default: nil as (client: Int, submission: Submission)?
      }
    var result = result
    if let again { result.outcomes.append((again.client, .accepted(again.submission))) }
    return result
  }
}

extension StragglerPolicy {
  /// The policy with late updates counting however late they are.
  fileprivate var unlimited: StragglerPolicy {
    switch self {
    case .discard: .discard
    case .nextRound: .nextRound(maximalStaleness: 1000)
    case .buffered(let size, _): .buffered(size: size, maximalStaleness: 1000)
    }
  }
}
