import Federation
import Measures
import Progressive
import Testing
import Wire

/// Evaluations by clients between rounds, as a broker's machine leads them.
struct BrokerEvaluationTests {
  private static let model = PreparedModel(
    phase: BrokerBench.plan(clients: 1).schedule.phase(in: 1), segments: BrokerBench.segments,
    updateLimit: 0)

  private static func plan(
    clients: Int, of choice: EvaluationRules.Choice = .all, rounds: [Int] = [2],
    heldOut: [Int]? = nil, change: (inout EvaluationRules) -> Void = { _ in }
  ) -> BrokerPlan {
    var plan = BrokerBench.plan(clients: clients, rounds: rounds)
    var rules = EvaluationRules(clients: choice, classes: 2)
    change(&rules)
    plan.evaluation = rules
    plan.dealtHoldOuts = heldOut ?? Array(repeating: 10, count: clients)
    return plan
  }

  /// A bench on which round 1 has ended, and what that asked for.
  private static func closed(_ plan: BrokerPlan) -> (bench: BrokerBench, actions: [BrokerAction]) {
    var bench = BrokerBench(plan: plan)
    for client in 0..<plan.clients { bench.join(client) }
    bench.prepare(1)
    let actions = (0..<plan.clients).flatMap { bench.upload($0) }
    return (bench, actions)
  }

  /// A bench on which clients evaluate what round 1 came to.
  private static func evaluating(
    _ plan: BrokerPlan
  ) -> (bench: BrokerBench, actions: [BrokerAction]) {
    var bench = closed(plan).bench
    let actions = bench.handle(.evaluable(model))
    return (bench, actions)
  }

  private static func scores(
    _ samples: Int = 10, base: BrokerScoresBase = .model, correct: Int = 4
  ) -> Uplink {
    .scores(
      HoldOutScores(
        base: base == .model ? BrokerBench.base : Segment.base(of: []), samples: samples,
        points: samples, correct: correct, loss: 3))
  }

  private enum BrokerScoresBase { case model, another }

  @Test func `a round's model is asked for before the next one's, where an evaluation is due`() {
    let (_, actions) = Self.closed(Self.plan(clients: 2))
    #expect(actions.contains(.prepareEvaluation(round: 1)))
    #expect(!actions.contains(.prepare(round: 2)))
    let rare = Self.plan(clients: 2, rounds: [5]) { $0.every = 2 }
    #expect(Self.closed(rare).actions.contains(.prepare(round: 2)))
  }

  @Test func `evaluators are announced under the round that is over, with its model`() throws {
    let (bench, actions) = Self.evaluating(Self.plan(clients: 3))
    #expect(actions.contains(.notice(.evaluating(round: 1, clients: 3))))
    guard case .announce(let announce)? = actions.published.first else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.state == .evaluating && announce.selected == [0, 1, 2])
    #expect(announce.segments == BrokerBench.segments && announce.base == BrokerBench.base)
    #expect(bench.machine.isEvaluating && bench.machine.openRound == nil)
  }

  @Test func `whoever runs the broker can have an evaluation end sooner`() throws {
    var (bench, _) = Self.evaluating(Self.plan(clients: 2))
    bench.say(0, Self.scores())
    bench.now += .seconds(2)
    let ordered = bench.handle(.ordered(.deadline(.seconds(5))))
    let answers = ordered.compactMap { action -> ControlAnswer? in
      if case .notice(.ordered(_, let answer)) = action { answer } else { nil }
    }
    #expect(answers.count == 1 && answers[0].ok, "\(answers)")
    #expect(
      answers[0].text.hasPrefix("the evaluation of round 1's model ends in 5.0 s at the latest;"))
    #expect(bench.machine.wakeTime ?? .zero <= bench.now + .seconds(5))
    #expect(!bench.pass(.seconds(4.9)).contains(.prepare(round: 2)))
    let ended = bench.pass(.seconds(0.1))
    #expect(ended.contains(.prepare(round: 2)) && !bench.machine.isEvaluating)
    let result = ended.compactMap { action -> EvaluationResult? in
      if case .evaluated(let result) = action { result } else { nil }
    }
    #expect(result.first?.scores.map(\.client) == [0] && result.first?.missing == [1])
  }

  @Test func `as many clients as asked for are drawn, of those that hold enough out`() {
    func drawn(_ plan: BrokerPlan) -> [Int]? {
      Self.evaluating(plan).bench.machine.openEvaluation?.selected
    }
    #expect(drawn(Self.plan(clients: 5, of: .count(2)))?.count == 2)
    #expect(drawn(Self.plan(clients: 5, of: .share(0.5)))?.count == 3)
    let few = Self.plan(clients: 4, heldOut: [0, 3, 5, 8]) { $0.minimumSamples = 4 }
    #expect(drawn(few) == [2, 3])
  }

  @Test func `what a client said in JOIN that it holds out counts, not what others know`() {
    var bench = BrokerBench(plan: Self.plan(clients: 2, heldOut: []))
    bench.join(0)
    bench.handle(.subscribed(.client(1)))
    bench.handle(
      .message(
        Message(
          Header(client: 1),
          .join(
            Join(worker: 101, plan: BrokerBench.digest, maximalStage: nil, heldOut: 7)))))
    bench.prepare(1)
    bench.upload(0)
    bench.upload(1)
    bench.handle(.evaluable(Self.model))
    #expect(bench.machine.openEvaluation?.selected == [1])
  }

  @Test func `scores end the evaluation once all are here, in the order of the clients`() {
    var bench = Self.evaluating(Self.plan(clients: 2)).bench
    let first = bench.say(1, Self.scores(correct: 5))
    #expect(first.mail(to: 1) == [.noted(.scores)])
    #expect(!first.contains(.prepare(round: 2)))
    let last = bench.say(0, Self.scores(correct: 6))
    guard
      case .evaluated(let result)? = last.first(where: { action in
        if case .evaluated = action { true } else { false }
      })
    else {
      Issue.record("no result")
      return
    }
    #expect(result.round == 1 && result.scores.map(\.client) == [0, 1])
    #expect(result.scores.map(\.scores.correct) == [6, 5])
    #expect(last.contains(.prepare(round: 2)))
    #expect(!bench.machine.isEvaluating)
  }

  @Test func `scores count once, whatever is repeated, and late ones are settled and dropped`() {
    var bench = Self.evaluating(Self.plan(clients: 2)).bench
    bench.say(0, Self.scores(correct: 6))
    let again = bench.say(0, Self.scores(correct: 9))
    #expect(again.counts == ["repeated scores"] && again.mail(to: 0) == [.noted(.scores)])
    bench.say(1, Self.scores())
    let late = bench.say(1, Self.scores())
    #expect(late.counts == ["late scores"] && late.mail(to: 1) == [.noted(.scores)])
  }

  @Test func `scores of another model, or that can't be, are refused and nobody waits for them`() {
    for wrong in [
      Self.scores(base: .another), Self.scores(11), Self.scores(0, correct: 0),
      .scores(
        HoldOutScores(base: BrokerBench.base, samples: 5, points: 6, correct: 1, loss: 1)),
      .scores(
        HoldOutScores(
          base: BrokerBench.base, samples: 5, points: 5, correct: 1, loss: 1,
          classes: [.init(samples: 5, correct: 1)])),
    ] {
      var bench = Self.evaluating(Self.plan(clients: 1)).bench
      let actions = bench.say(0, wrong)
      guard case .refuse? = actions.mail(to: 0).first else {
        Issue.record("\(wrong) is taken")
        continue
      }
      #expect(actions.contains(.prepare(round: 2)))
    }
  }

  @Test func `a client that holds nothing out after all isn't asked again`() {
    var bench = Self.evaluating(Self.plan(clients: 2)).bench
    bench.say(0, .decline(.noData, detail: ""), of: .evaluation)
    #expect(bench.say(1, Self.scores()).contains(.prepare(round: 2)))
    bench.prepare(2)
    for client in 0..<2 { bench.upload(client, round: 2) }
    let last = PreparedModel(
      phase: bench.machine.plan.schedule.phase(in: 2), segments: BrokerBench.segments,
      updateLimit: 0)
    bench.handle(.evaluable(last))
    #expect(bench.machine.openEvaluation?.selected == [1])
  }

  @Test func `what comes late of a client's training takes it out of no evaluation`() {
    var bench = Self.evaluating(Self.plan(clients: 2)).bench
    #expect(
      bench.say(0, .decline(.failed, detail: "the round ended")).counts == ["late decline"])
    #expect(bench.say(1, BrokerBench.wants()).counts == ["late want"])
    #expect(bench.machine.openEvaluation?.unsettled == [0, 1])
    bench.say(0, Self.scores())
    let result = bench.say(1, Self.scores())
    #expect(result.contains(.prepare(round: 2)))
  }

  @Test func `what comes late of an evaluation concerns neither training nor a late update`() {
    var bench = BrokerBench(plan: Self.plan(clients: 2, rounds: [3]))
    for client in 0..<2 { bench.join(client) }
    bench.prepare(1)
    for body in [BrokerBench.wants(), .decline(.noData, detail: "")] {
      bench.say(0, body, of: .evaluation)
    }
    #expect(bench.machine.openRound == 1)
    bench.upload(0)
    #expect(bench.upload(1).contains(.prepareEvaluation(round: 1)), "client 0 has taken part")
  }

  @Test func `it ends without clients that fell silent, and at its deadline in any case`() {
    var bench = Self.evaluating(Self.plan(clients: 2)).bench
    bench.say(0, Self.scores())
    bench.pass(.seconds(29))
    #expect(bench.machine.isEvaluating)
    #expect(bench.pass(.seconds(2)).contains(.prepare(round: 2)), "client 1 said nothing for 30 s")
    var busy = Self.evaluating(Self.plan(clients: 1)).bench
    for _ in 0..<11 {
      busy.pass(.seconds(10))
      busy.say(0, .heartbeat(.evaluating))
    }
    #expect(busy.machine.isEvaluating)
    #expect(busy.pass(.seconds(10)).contains(.prepare(round: 2)))
  }

  @Test func `after the last round the run ends only with its evaluation`() {
    var bench = Self.evaluating(Self.plan(clients: 1, rounds: [1])).bench
    let actions = bench.say(0, Self.scores())
    #expect(actions.contains(.prepare(round: 2)))
    let end = bench.handle(.prepared(Self.model(of: 2, bench)))
    #expect(end.published == [.finished(complete: true)])
  }

  private static func model(of round: Int, _ bench: BrokerBench) -> PreparedModel {
    PreparedModel(
      phase: bench.machine.plan.schedule.phase(in: round), segments: BrokerBench.segments,
      updateLimit: 1)
  }

  @Test func `nobody who could evaluate keeps nobody waiting`() {
    let (bench, actions) = Self.evaluating(Self.plan(clients: 2, heldOut: [0, 0]))
    #expect(actions.contains(.prepare(round: 2)) && !bench.machine.isEvaluating)
  }

  @Test func `a broker that comes back in an evaluation asks for all scores again`() {
    var bench = BrokerBench(plan: Self.plan(clients: 1))
    bench.machine = BrokerMachine(
      plan: Self.plan(clients: 1), round: 2, evaluating: Self.model)
    #expect(bench.machine.isEvaluating)
    let actions = bench.join(0)
    guard case .announce(let announce)? = actions.published.last else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.state == .evaluating && announce.selected == [0])
    #expect(bench.say(0, Self.scores()).contains(.prepare(round: 2)))
  }

  @Test func `the model goes to evaluators as to trainers, marked as theirs`() {
    var bench = Self.evaluating(Self.plan(clients: 1)).bench
    for segment in BrokerBench.segments { bench.handle(.subscribed(.step(segment.only.digest))) }
    let broadcasts = bench.say(0, BrokerBench.wants(), of: .evaluation).broadcasts
    #expect(broadcasts.map(\.step) == BrokerBench.segments.map(\.only))
    #expect(broadcasts.allSatisfy { $0.purpose == .evaluation })
    let repair = bench.say(0, BrokerBench.wants(), of: .evaluation)
    #expect(
      repair.contains(
        .repairForEvaluation(
          round: 1, client: 0, BrokerBench.segments[0].only, ranges: [0..<100])))
  }
}
