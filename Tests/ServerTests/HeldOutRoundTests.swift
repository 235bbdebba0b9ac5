import Datasets
import Federation
import Ledger
import Progressive
import Server
import Testing
import Wire

/// Rounds whose model clients evaluate on what they hold out.
struct HeldOutRoundTests {
  private static func scores(
    _ samples: Int, correct: Int, loss: Double = 1
  ) -> HoldOutScores {
    HoldOutScores(
      base: Segment.base(of: []), samples: samples, points: samples, correct: correct, loss: loss)
  }

  private static func result(
    _ scores: [(client: Int, scores: HoldOutScores)], round: Int = 1
  ) -> EvaluationResult {
    var result = EvaluationResult(round: round, opened: .seconds(2), closed: .seconds(3))
    result.scores = scores
    return result
  }

  @Test func `figures are sums over all samples, and a spread in which each client counts once`()
    throws
  {
    let figures = try #require(
      HeldOutFigures(
        Self.result([
          (0, Self.scores(10, correct: 9, loss: 5)), (2, Self.scores(30, correct: 15, loss: 35)),
        ]), minimum: 1, regions: []))
    #expect(figures.accuracy == 0.6 && figures.loss == 1 && figures.samples == 40)
    #expect(figures.spread.clients == 2 && figures.spread.minimum == 0.5)
    #expect(figures.spread.mean == 0.7 && figures.dice == nil)
  }

  @Test func `fewer clients than the minimum make no figure`() {
    let result = Self.result([(0, Self.scores(10, correct: 9))])
    #expect(HeldOutFigures(result, minimum: 2, regions: []) == nil)
    #expect(HeldOutFigures(result, minimum: 1, regions: []) != nil)
    #expect(HeldOutFigures(Self.result([]), minimum: 1, regions: []) == nil)
  }

  @Test func `why there is no figure is said in words`() {
    var rules = EvaluationRules(clients: .all, classes: 2)
    #expect(
      Self.result([]).lack(rules)
        == "no client tested the model: none that is here holds out samples")
    rules.minimumSamples = 20
    #expect(Self.result([]).lack(rules).contains("the 20 samples of evaluation.minimum.samples"))
    rules.minimumClients = 3
    var few = Self.result([(0, Self.scores(10, correct: 9))])
    (few.declined, few.missing) = ([(client: 1, reason: .badData)], [2, 3])
    #expect(
      few.lack(rules)
        == "the model has no figure: 1 of 4 clients that were asked tested it (1 declined, "
        + "2 sent none in time), and evaluation.minimum.clients asks for 3")
  }

  @Test func `Dice coefficients are over the pixels of all clients`() throws {
    func pixels(_ confusion: [Int]) -> HoldOutScores {
      let points = confusion.reduce(0, +)
      return HoldOutScores(
        base: Segment.base(of: []), samples: 1, points: points,
        correct: confusion[0] + confusion[3], loss: 1, confusion: confusion)
    }
    let figures = try #require(
      HeldOutFigures(
        Self.result([(0, pixels([8, 0, 2, 6])), (1, pixels([10, 2, 0, 4]))]), minimum: 1,
        regions: LabelRegion.each(of: 2)))
    // 2 · 10 / (12 + 12)
    #expect(figures.dice == 20.0 / 24)
    #expect(figures.spread.minimum == min(12.0 / 14, 8.0 / 10))
  }

  @Test func `a broker's own figures stay beside the clients', which stand in where it has none`()
    throws
  {
    let figures = HeldOutFigures(
      Self.result([(0, Self.scores(10, correct: 9))]), minimum: 1, regions: [])
    var own = RoundEvaluation(accuracy: 0.5, loss: 2)
    own.note(figures)
    #expect(own.accuracy == 0.5 && own.heldOut?.accuracy == 0.9 && !own.isByClients)
    var none = RoundEvaluation(isTested: false)
    none.note(figures)
    #expect(none.accuracy == 0.9 && none.quality == 0.9 && none.isByClients && none.isTested)
    var neither = RoundEvaluation(isTested: false)
    neither.note(nil)
    #expect(neither.accuracy == nil && !neither.isTested)
  }

  /// Ends the evaluation of a round by two clients.
  private func conclude(_ round: Int, _ bench: ServerBench) throws {
    let result = Self.result(
      [(0, Self.scores(10, correct: 9)), (1, Self.scores(10, correct: 5))], round: round)
    try bench.server.round(round).conclude(
      ClosedEvaluation(
        result: result, book: RoundBook(), total: .zero, elapsed: .seconds(round + 2)))
  }

  @Test func `a round is kept only once its model was evaluated`() throws {
    let bench = try ServerBench(more: "evaluation: {clients: all}")
    try bench.play(round: 1, [(0, 0.01)])
    #expect(bench.server.isEvaluating && bench.server.lastRound == nil)
    #expect(try bench.ledger.summary().rounds.isEmpty)
    try conclude(1, bench)
    #expect(!bench.server.isEvaluating && bench.server.lastRound == 1)
    let round = try #require(try bench.ledger.summary().rounds.first)
    #expect(round[.heldOutAccuracy] == 0.7 && round[.evaluators] == 2)
    #expect(round[.heldOutSamples] == 20 && round.fairness?.minimum == 0.5)
    #expect(round.accuracy != nil && round[.isByClients] == nil)
  }

  @Test func `a server that comes back before that runs the round again, to the same model`()
    throws
  {
    let bench = try ServerBench(more: "evaluation: {clients: all}")
    try bench.play(round: 1, [(0, 0.01)])
    try conclude(1, bench)
    try bench.play(round: 2, [(1, 0.02)])
    let before = try bench.server.round(2).announceEvaluation().model
    try bench.restart()
    let stored = try bench.server.recover(round: 2)
    #expect(Array(stored.keys) == [1])
    try bench.close(2, stored.map { ($0.key, .accepted($0.value)) })
    let after = try bench.server.round(2).announceEvaluation().model
    #expect(after == before)
  }

  @Test func `what goes down to evaluators doesn't go down again in the next round of the stage`()
    throws
  {
    for codecs in ["{up: dense32}", "{up: dense32, down: linear8, downDelta: stc5}"] {
      let (with, without) = (
        try ServerBench(codecs: codecs, more: "evaluation: {clients: all}"),
        try ServerBench(codecs: codecs)
      )
      try with.play(round: 1, [(0, 0.01)])
      try without.play(round: 1, [(0, 0.01)])
      let evaluated = try with.server.round(1).announceEvaluation().model
      try conclude(1, with)
      let next = try with.server.round(2).announce().model
      #expect(next.segments.map(\.state) == evaluated.segments.map(\.state))
      #expect(next.segments.map(\.steps) == evaluated.segments.map(\.steps))
      #expect(try without.server.round(2).announce().model == next)
    }
  }
}
