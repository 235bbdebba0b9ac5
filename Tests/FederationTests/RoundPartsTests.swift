import Bytes
import Federation
import Progressive
import Testing
import Wire

struct ModelDeliveryTests {
  private let block = BrokerBench.segments[0].only

  @Test func `steps are broadcast once each worker that asked listens`() {
    var delivery = ModelDelivery.gathering([:])
    let needs = [Need(digest: block.digest)]
    #expect(delivery.want(0, 7, needs, of: Sample.model, ProtocolLimits()).isEmpty)
    #expect(delivery.want(1, 8, needs, of: Sample.model, ProtocolLimits()).isEmpty)
    #expect(delivery.want(2, 8, needs, of: Sample.model, ProtocolLimits()).isEmpty)
    guard case .gathering(let wants) = delivery else {
      Issue.record("the model was sent")
      return
    }
    #expect(wants[block.digest]?.clients == [0, 1, 2])
    #expect(wants[block.digest]?.workers == [7, 8])
    var listeners = StepListeners()
    let topic = Topic.step(block.digest)
    listeners.add(topic)
    #expect(!listeners.includeAll(of: wants))
    listeners.add(topic)
    #expect(listeners.includeAll(of: wants))
    listeners.remove(topic)
    #expect(!listeners.includeAll(of: wants))
    listeners.add(topic)
    listeners.keep([])
    #expect(!listeners.includeAll(of: wants), "the step is of an older model")
  }

  @Test func `after the broadcast ranges are repaired up to a limit`() {
    var delivery = ModelDelivery.repairing(Repairs())
    var limits = ProtocolLimits()
    limits.repairFactor = 1
    func want(_ ranges: [Range<Int>], _ client: Int = 0) -> [ModelDelivery.Answer] {
      delivery.want(
        client, 7, [Need(digest: block.digest, ranges: ranges)], of: Sample.model, limits)
    }
    #expect(want([]) == [.repairs(block, [0..<100])])
    #expect(want([90..<101]) == [.isUseless("want beyond a step")])
    #expect(want([10..<40]) == [.repairs(block, [10..<40])])
    // The model has 130 bytes.
    #expect(want([10..<11]) == [.isUseless("repair beyond the limit")])
    #expect(want([10..<11], 1) == [.repairs(block, [10..<11])])
  }

  @Test func `who gets further is repaired on, and so are the other clients of its worker`() {
    var delivery = ModelDelivery.repairing(Repairs())
    var limits = ProtocolLimits()
    limits.repairFactor = 1
    limits.chunkBytes = 10
    func want(_ start: Int, _ client: Int = 0, of worker: UInt64 = 7) -> Bool {
      let needs = [Need(digest: block.digest, ranges: [start..<100])]
      let answers = delivery.want(client, worker, needs, of: Sample.model, limits)
      return answers == [.repairs(block, [start..<100])]
    }
    // The model has 130 bytes: asked for again and again, all but one of the chunks gets lost.
    for chunk in 0..<10 { #expect(want(10 * chunk), "chunk \(chunk)") }
    // It gets nowhere any more.
    for _ in 0..<12 { #expect(want(90)) }
    #expect(!want(90))
    // A shorter range that is still in the same chunk is no progress, nor is what it lacked before.
    #expect(!want(95) && !want(0) && !want(90))
    // Clients of its worker got further, or not.
    #expect(want(20, 1) && !want(20, 1) && !want(90))
    #expect(want(30, 1) && want(90))
    #expect(want(0, 2, of: 8) && !want(0, 2, of: 8) && want(10, 2, of: 8))
    #expect(want(0, 0) && !want(0, 0), "of another worker")
  }

  @Test(arguments: [ModelDelivery.gathering([:]), .repairing(Repairs())])
  func `a step that the model hasn't is counted`(delivery: ModelDelivery) {
    var delivery = delivery
    let answers = delivery.want(
      0, 7, [Need(digest: Digest(of: [9]))], of: Sample.model, ProtocolLimits())
    #expect(answers == [.isUseless("want of an unknown step")])
    #expect(
      answers.map { $0.action(in: 1, to: 0) } == [.count("want of an unknown step")])
  }
}

struct OpenRoundTests {
  private func round(_ selected: [Int], deadline: Duration = .seconds(60)) -> OpenRound {
    OpenRound(
      phase: Sample.plan.schedule.phase(in: 1), model: Sample.model, learningRate: 0.1,
      selected: selected, opened: .zero, deadline: deadline)
  }

  private let submission = BrokerBench.submission()

  @Test func `a round is over when all are settled, or at its deadline`() {
    var round = round([0, 1])
    let members = Sample.members([0, 1])
    #expect(!round.isOver(Sample.plan.rules, at: .seconds(59), members))
    #expect(round.isOver(Sample.plan.rules, at: .seconds(60), members))
    round.work.accept(submission, of: 0)
    #expect(!round.isOver(Sample.plan.rules, at: .zero, members))
    #expect(round.unsettled == [1])
    _ = round.work.leave(1)
    #expect(round.isOver(Sample.plan.rules, at: .zero, members))
  }

  @Test func `a round with its quorum is over after the grace`() {
    var rules = Sample.plan.rules
    rules.quorum = 1
    rules.grace = .seconds(5)
    var round = round([0, 1])
    round.work.accept(submission, of: 0)
    let plan = BrokerBench.plan(clients: 2, rules: rules)
    round.noteQuorum(plan, round.work, at: .seconds(10))
    // A later update doesn't put the end off.
    round.noteQuorum(plan, round.work, at: .seconds(12))
    #expect(!round.isOver(rules, at: .seconds(14), Sample.members([0, 1])))
    #expect(round.isOver(rules, at: .seconds(15), Sample.members([0, 1])))
    round.delivery = .repairing(Repairs())
    #expect(round.wakeTime(plan) == .seconds(15))
  }

  @Test func `a client that left and comes back is asked again`() {
    var round = round([0])
    _ = round.work.leave(0)
    #expect(round.welcomeBack(0) == true)
    #expect(round.unsettled == [0])
    #expect(round.welcomeBack(1) == false, "it wasn't asked")
    round.work.carry(2, of: 0, at: .working)
    #expect(round.welcomeBack(2) == false, "it works on an earlier round's update")
  }

  @Test func `a closed round releases what is on its way and says what became of each client`() {
    var round = round([0, 1, 2, 3])
    round.work.accept(submission, of: 0)
    round.work.offer(1)
    round.work.grant([1])
    round.work.advance(2, to: .working)
    _ = round.work.decline(3, .noData)
    var rules = RoundRules(clientsPerRound: 4)
    let plan = BrokerBench.plan(clients: 4, rules: rules)
    let closed = round.closed(of: plan, Sample.members([0, 1]), at: .seconds(9))
    #expect(
      closed.result.outcomes.map(\.outcome)
        == [.accepted(submission), .late, .lost, .declined(.noData)])
    #expect(closed.released == [1])
    #expect(closed.carried.progress.isEmpty)

    rules.stragglers = .nextRound(maximalStaleness: 1)
    let kept = round.closed(
      of: BrokerBench.plan(clients: 4, rules: rules), Sample.members([0, 1]), at: .seconds(9))
    #expect(kept.result.outcomes.map(\.outcome)[1] == .carried)
    #expect(kept.released.isEmpty)
    #expect(kept.carried.origins == [1: 1] && kept.carried.round == 2)
    #expect(kept.carried.room.receivers == [1])
  }
}

struct BrokerStateTests {
  private let work = ClientsAtWork.asked(0, 1)

  @Test func `the clients at work can be taken out and put back where updates are taken in`() {
    let round = OpenRound(
      phase: Sample.plan.schedule.phase(in: 1), model: Sample.model, learningRate: 0.1,
      selected: [0, 1], opened: .zero, deadline: .seconds(9))
    for before in [BrokerState.open(round), .preparing(.carried(work))] {
      var state = before
      guard var work = state.takeWork() else {
        Issue.record("there are no clients at work")
        continue
      }
      #expect(state.work?.progress.isEmpty == true)
      work.advance(0, to: .working)
      state.put(work)
      #expect(state != before)
      #expect(state.work == work)
      work.advance(0, to: .invited)
      state.put(work)
      #expect(state == before)
    }
  }

  @Test func `updates of before a restart are nobody's work`() {
    var state = BrokerState.preparing(.restored([2: BrokerBench.submission()]))
    #expect(state.takeWork() == nil && state.work == nil)
    #expect(state.restored.keys.sorted() == [2] && state.atWork == [2])
  }
}
