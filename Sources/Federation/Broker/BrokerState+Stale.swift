import Measures
import Wire

extension BrokerState {
  /// The answer to a message about a round that isn't open, or in which the client takes no part;
  /// `nextRound` is the next round, or the open one.
  func answerStale(
    _ client: Int, _ message: Message<Uplink>, _ plan: BrokerPlan, _ members: inout Members,
    nextRound: Int
  ) -> [BrokerAction] {
    let (round, stage) = (message.header.round, message.header.stage)
    switch message.body {
    case .offer(let offer):
      var count: [BrokerAction] = []
      let answer: Downlink
      if let known = restored[client], known.round == round, known.offer == offer {
        // Stored before the restart: it will count.
        answer = .acknowledge(.duplicate)
      } else if round >= nextRound {
        // The broker was restarted and will open this round again.
        answer = .refuse(.staleRound, retry: plan.retry, detail: "the round isn't open yet")
        count = [.count("early offer")]
      } else {
        answer = .refuse(.staleRound, retry: nil, detail: "the round is over")
        count = [.count("late offer")]
      }
      let header = plan.header(to: client, round: round, stage: stage)
      return count + [.send(.client(client), Message(header, answer))]
    case .updateChunk: return [.count("late chunk")]
    case .want: return [.count("late want")]
    case .decline(let reason, _):
      if reason == .noData || reason == .badData { members.learn(client, reason, of: nil) }
      return [.count("late decline")]
    default: return []  // not about a round
    }
  }

  /// Refuses a client's message about a round, for good, with all that it may yet say about it.
  mutating func refuse(
    _ client: Int, _ header: Header, _ problem: String, _ plan: BrokerPlan, _ models: RoundModels,
    _ members: Members
  ) -> [BrokerAction] {
    if var work = takeWork() {
      defer { put(work) }
      if work.origin(of: client) == header.round {
        return work.refuse(client, problem, plan, models, members.presence)
      }
    }
    let answer = plan.header(to: client, round: header.round, stage: header.stage)
    return plan.refuse(client, .malformed, problem, under: answer)
  }
}
