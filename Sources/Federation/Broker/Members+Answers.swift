import Measures
import Wire

/// Answers to those who aren't members, or want to be.
extension Members {
  /// The answer to a worker that asked for a client and isn't let in; a member that was silent is
  /// asked whether it still is there.
  mutating func reply(
    _ answer: JoinAnswer, to client: Int, _ join: Join, _ plan: BrokerPlan, at now: Duration
  ) -> [BrokerAction] {
    switch answer {
    case .admits, .waits: return []
    case .isTaken(let member, let isDue):
      let question = isDue ? askWhetherAlive(client, plan, at: now) : []
      return question
        + plan.refuse(
          client, .wrongClient,
          "\(member.place?.description ?? "another worker") plays this client",
          retry: 2000, worker: join.worker)
    case .isRefused(let reason, let detail):
      return plan.refuse(client, reason, detail, worker: join.worker)
    }
  }

  /// The objection to a message that isn't one of a member to this incarnation of the broker; nil
  /// if it is.
  func objection(to header: Header, of client: Int, _ plan: BrokerPlan) -> [BrokerAction]? {
    guard plan.isOfThisRun(header) else { return [.count("message of another run")] }
    return self[client] == nil ? [.count("message of a stranger")] : nil
  }

  /// The question whether a stranger that speaks to this broker wants to join, where it listens.
  func invitation(of client: Int, _ header: Header, _ plan: BrokerPlan) -> [BrokerAction] {
    plan.isOfThisRun(header) && isListening(client) ? [plan.askToJoin(client)] : []
  }
}
