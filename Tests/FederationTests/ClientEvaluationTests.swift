import Codecs
import Federation
import Testing
import Wire

/// Evaluations after rounds, as a client's machine takes part in them.
struct ClientEvaluationTests {
  private static let scores = HoldOutScores(
    base: BrokerBench.base, samples: 3, points: 3, correct: 1, loss: 2)

  private static func announce(
    _ bench: inout ClientBench, _ round: Int = 1, selected: [Int] = [3],
    segments: [Segment] = ClientBench.segments, stage: Int = 1, epoch: Int = 1
  ) -> [ClientAction] {
    let announce = Announce(
      sequence: 2, state: .evaluating, warmUp: false, remaining: 1000, learningRate: 0,
      selected: selected, segments: segments, updateCodec: .dense32)
    return bench.handle(
      .message(
        Message(
          Header(run: 77, epoch: epoch, round: round, stage: stage), .announce(announce))))
  }

  private static func task(_ actions: [ClientAction]) -> ClientTask? {
    for case .evaluate(let task) in actions { return task }
    return nil
  }

  /// A client that has scores of the model after round 1 and waits for the broker's word.
  private static func reporting() -> ClientBench {
    var bench = ClientBench.member()
    _ = announce(&bench)
    bench.receiveModel()
    bench.handle(.evaluated(round: 1, scores))
    return bench
  }

  @Test func `an evaluator fetches what it lacks, evaluates, and tells the scores`() {
    var bench = ClientBench.member()
    let asked = Self.announce(&bench)
    #expect(asked.sent == [.want(worker: 40, needs: ClientBench.needs)])
    let task = Self.task(bench.receiveModel())
    #expect(task?.purpose == .evaluation && task?.round == 1)
    #expect(bench.handle(.evaluated(round: 1, Self.scores)).sent == [.scores(Self.scores)])
  }

  @Test func `who trained on the model already fetches nothing to evaluate it`() {
    var bench = ClientBench.offering()
    bench.hear(.acknowledge(.accepted))
    let actions = Self.announce(&bench)
    #expect(actions.sent == [.want(worker: 40, needs: [])])
    #expect(Self.task(actions) != nil)
  }

  @Test func `who evaluated a model fetches nothing to train on it`() {
    var bench = Self.reporting()
    bench.hear(.noted(.scores))
    let actions = bench.announce(2)
    #expect(actions.sent == [.want(worker: 40, needs: [])])
    #expect(actions.trains?.round == 2)
  }

  @Test func `scores are repeated until the broker has them, and no longer`() {
    var bench = Self.reporting()
    for _ in 0..<3 { #expect(bench.wake()?.sent == [.scores(Self.scores)]) }
    bench.hear(.noted(.scores))
    #expect(bench.machine.wakeTime == nil)
    #expect(Self.announce(&bench).isEmpty, "an announcement from before that came late")
  }

  @Test func `a round that begins ends the evaluation of the one before`() {
    var bench = Self.reporting()
    bench.announce(2, selected: [])
    #expect(bench.machine.task == nil)
    var evaluating = ClientBench.member()
    _ = Self.announce(&evaluating)
    evaluating.receiveModel()
    let actions = evaluating.announce(2)
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(actions.trains?.round == 2)
  }

  @Test func `the announcement of a round that is over doesn't disturb its evaluation`() {
    var bench = Self.reporting()
    #expect(bench.announce(1).isEmpty)
    #expect(bench.machine.task?.purpose == .evaluation)
  }

  @Test func `an update that is too late gives way to the evaluation`() {
    var bench = ClientBench.training()
    let actions = Self.announce(&bench)
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(Self.task(actions) != nil)
  }

  @Test func `a failure is told, and told again to a broker that still waits`() {
    var bench = ClientBench.member()
    _ = Self.announce(&bench)
    bench.receiveModel()
    let decline = Uplink.decline(.noData, detail: "it holds no samples out")
    #expect(
      bench.handle(.failed(round: 1, .noData, detail: "it holds no samples out")).sent
        == [decline])
    #expect(Self.announce(&bench).sent == [decline])
  }

  @Test func `all that a client says of an evaluation names it`() {
    var bench = ClientBench.member()
    #expect(Self.announce(&bench).headers.map(\.purpose) == [.evaluation])
    bench.receiveModel()
    #expect(bench.wake()?.headers.map(\.purpose) == [.evaluation])
    let failed = bench.handle(.failed(round: 1, .noData, detail: ""))
    #expect(failed.headers.map(\.purpose) == [.evaluation])
    #expect(bench.announce(2).headers.map(\.purpose) == [.training])
  }

  @Test func `a refusal that comes late of its update doesn't end its evaluation`() {
    var bench = Self.reporting()
    bench.hear(.refuse(.staleRound, retry: nil, detail: "the round is over"))
    #expect(bench.machine.task?.purpose == .evaluation)
    bench.hear(.noted(.scores))
    #expect(Self.announce(&bench).isEmpty, "its scores are there")
  }

  @Test func `memory that ends before the model's stage declines without fetching`() {
    var bench = ClientBench.member(maximalStage: 1)
    let actions = Self.announce(&bench, 1, stage: 2)
    guard case .decline(.tooDeep, _)? = actions.sent.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(actions.count == 1)
  }

  @Test func `a restarted broker's evaluation is taken up anew`() {
    var bench = Self.reporting()
    bench.hear(.noted(.scores))
    bench.hear(.closed(accepted: 1), epoch: 2)
    _ = bench.wake()
    bench.hear(.welcome(ClientBench.welcome), round: 0, epoch: 2)
    #expect(Self.task(Self.announce(&bench, epoch: 2)) != nil)
  }

  @Test func `while it evaluates a client says that it is alive`() {
    var bench = ClientBench.member()
    _ = Self.announce(&bench)
    bench.receiveModel()
    #expect(bench.wake()?.sent == [.heartbeat(.evaluating)])
  }
}
