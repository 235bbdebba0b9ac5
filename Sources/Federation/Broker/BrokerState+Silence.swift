import Measures
import Wire

/// Clients that have given up the work that they were asked for.
extension BrokerState {
  /// Takes back the leaves of clients that were silent for too long, and gives up their late
  /// updates.
  mutating func withdrawFromSilent(
    _ plan: BrokerPlan, _ models: RoundModels, _ members: Members, at now: Duration
  ) -> [BrokerAction] {
    guard let work else { return [] }
    let silence = plan.limits.silence
    var actions: [BrokerAction] = []
    for client in members.silent(of: work.room.receivers, for: silence, at: now) {
      actions += withdrawGrant(of: client, plan, models, members)
    }
    for client in members.silent(of: work.origins.keys, for: silence, at: now) {
      actions += changeWork(of: client, plan, models, members) { $0.giveUp(client) }
    }
    return actions
  }

  /// Takes back the leaves that bring nothing while others wait; `passed` is the time since the
  /// last such look.
  mutating func withdrawLapsed(
    _ plan: BrokerPlan, _ models: RoundModels, _ members: Members, after passed: Duration
  ) -> [BrokerAction] {
    guard var work = takeWork() else { return [] }
    let lapsed = work.lapsed(plan.limits, after: passed)
    put(work)
    return lapsed.flatMap { client in
      withdrawGrant(of: client, plan, models, members, counting: "grant without bytes")
    }
  }

  /// Takes back a client's leave to send, and counts that under a name.
  mutating func withdrawGrant(
    of client: Int, _ plan: BrokerPlan, _ models: RoundModels, _ members: Members,
    counting name: String = "grant withdrawn"
  ) -> [BrokerAction] {
    changeWork(of: client, plan, models, members) { $0.withdrawGrant(of: client, counting: name) }
  }

  /// Ends a client's work where there is any, and lets others use the room that becomes free.
  mutating func changeWork(
    of client: Int, _ plan: BrokerPlan, _ models: RoundModels, _ members: Members,
    _ change: (inout ClientsAtWork) -> ClientsAtWork.End
  ) -> [BrokerAction] {
    guard var work = takeWork() else { return [] }
    defer { put(work) }
    guard var actions = change(&work).actions(of: client) else { return [] }
    if work.room.first != nil { actions += work.grant(plan, models, members.presence) }
    return actions
  }
}
