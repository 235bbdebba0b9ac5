import Bytes
import Federation
package import Measures
import Progressive
import Wire

/// A broker's machine that is told anything by anybody.
package struct BrokerTarget: FuzzTarget {
  package let name = "broker"

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    let world = FuzzWorld()
    var messages = RandomMessages(stream: stream, digests: world.digests)
    var plan = world.plan(&messages)
    if messages.number(4) == 0 { plan.measuring = MeasuringRules(channels: 1, valuesPerSample: 1) }
    var machine = BrokerMachine(plan: plan)
    var now = Duration.zero
    var heard = false
    var sent = 0
    for client in 0..<3 {
      _ = machine.handle(.subscribed(.client(client)), at: now)
      let join = Join(
        worker: UInt64(client), plan: world.planDigest, maximalStage: client == 2 ? 1 : nil)
      _ = machine.handle(.message(Message(Header(client: client), .join(join))), at: now)
    }
    for _ in 0..<60 {
      now += .milliseconds(messages.number(4) == 0 ? messages.number(20_000) : messages.number(50))
      let before = machine.carriedCount
      let actions = machine.handle(event(world, &messages), at: now)
      heard = heard || !actions.isEmpty || before != machine.carriedCount
      for case .close(let result) in actions {
        try Self.check(result, contributions: result.contributions(machine.plan.rules))
      }
      for case .sendPlan(let client, _, let text, let ranges) in actions {
        guard (0..<3).contains(client), ranges.allSatisfy({ $0.upperBound <= text.count }) else {
          throw FuzzFinding("what isn't of the plan is sent")
        }
        sent += ranges.reduce(0) { $0 + $1.count }
      }
      guard sent <= Self.mostCopies(until: now) * FuzzWorld.text.count else {
        throw FuzzFinding("the plan is sent again and again")
      }
      for case .evaluated(let result) in actions {
        let clients = result.scores.map(\.client)
        guard Set(clients).count == clients.count else {
          throw FuzzFinding("a client has two scores in round \(result.round)")
        }
      }
      for case .normalize(let result) in actions {
        let clients = result.sums.map(\.client)
        guard clients == Set(clients).sorted(), let total = result.total,
          (total.sums + total.squares).allSatisfy(\.isFinite)
        else { throw FuzzFinding("sums that can't be are added") }
      }
      for case .finished in actions { return heard }
      guard machine.wakeTime != nil else { throw FuzzFinding("the broker sleeps for ever") }
    }
    return heard
  }

  /// The most copies of the plan that three clients get within a time.
  private static func mostCopies(until now: Duration) -> Int {
    3 * PlanDelivery.copies * (1 + Int(now / PlanDelivery.period))
  }

  private static func check(
    _ result: RoundResult, contributions: [Contribution]
  ) throws(FuzzFinding) {
    let clients = result.outcomes.map(\.client)
    guard Set(clients).count == clients.count else {
      throw FuzzFinding("a client has two outcomes in round \(result.round)")
    }
    guard contributions.allSatisfy({ $0.weight.isFinite && $0.submission.offer.length <= 1000 })
    else { throw FuzzFinding("an absurd update counts in round \(result.round)") }
  }

  private func event(_ world: FuzzWorld, _ messages: inout RandomMessages) -> BrokerEvent {
    switch messages.number(20) {
    case 0: return .tick
    case 1: return .subscribed(messages.number(2) == 0 ? .client(messages.number(4)) : .all)
    case 2: return .unsubscribed(.client(messages.number(4)))
    case 3: return .subscribed(.step(messages.digest()))
    case 4: return .unsubscribed(.step(messages.digest()))
    case 5, 6, 7:
      return .prepared(world.model(round: 1 + messages.number(4)))
    case 8: return .evaluable(world.model(round: 1 + messages.number(4)))
    case 9, 10:
      let result: StoreResult =
        messages.number(2) == 0
        ? .accepted
        : .refused(RefusalReason.allCases[messages.number(10)], detail: "")
      return .stored(round: 1 + messages.number(4), client: messages.number(4), result)
    case 11:
      if messages.number(20) == 0 { return .stop }
      let made = FederatedNormalization(means: [0.5], deviations: [0.25])
      return messages.number(2) == 0 ? .normalized(made) : .tick
    default:
      let header = Header(
        run: messages.number(20) == 0 ? 0 : 77, epoch: messages.number(20) == 0 ? 2 : 1,
        round: messages.number(20) == 0 ? messages.count(bits: 32) : messages.number(4),
        stage: messages.number(3), client: messages.number(4), attempt: messages.number(2))
      if messages.number(20) == 0 {
        return .faulty(UplinkFault(header: header, isJoin: messages.number(4) == 0, problem: ""))
      }
      return .message(Message(header, messages.uplink()))
    }
  }
}
