/// How often each client took part so far, and how reliably.
///
/// A function of the rounds' results alone, in their order.
package struct ParticipationHistory: Hashable, Sendable, Codable {
  /// The weight of the last round in ``reliability(of:)``.
  package static let adaptation = 0.3

  /// How many updates of each client counted; clients of none are left out.
  private(set) var counted: [Int: Int] = [:]
  private var reliabilities: [Int: Double] = [:]

  /// The history of a run that begins.
  package init() {}

  /// How many updates of the client counted.
  package func counted(of client: Int) -> Int { counted[client] ?? 0 }

  /// How reliably the client delivers when it is asked, from 0 to 1: a mean that forgets.
  ///
  /// r ← (1 − α) r + α, or (1 − α) r if it failed, from 1 on.
  package func reliability(of client: Int) -> Double { reliabilities[client] ?? 1 }

  /// Notes that an update of the client counts.
  package mutating func noteCounted(_ client: Int) {
    counted[client, default: 0] += 1
    adapt(client, to: 1)
  }

  /// Notes that the client was asked and didn't deliver in time, or nothing that counts.
  package mutating func noteFailed(_ client: Int) { adapt(client, to: 0) }

  /// Notes how a round ended.
  package mutating func note(_ result: RoundResult) {
    for (client, outcome) in result.outcomes {
      switch outcome {
      case .accepted: noteCounted(client)
      case .late, .lost, .refused, .declined: noteFailed(client)
      case .carried, .surplus: break  // it may count yet, or isn't at fault
      }
    }
    for client in result.givenUp { noteFailed(client) }
  }

  private mutating func adapt(_ client: Int, to value: Double) {
    let old = reliability(of: client)
    reliabilities[client] = old + Self.adaptation * (value - old)
  }
}
